import { statSync } from "node:fs";

/**
 * As root, becomes whose folder it is, for the rest of this process: what is
 * written into a service's state must be the service's. Anybody else stays who he
 * is, and so does root where the folder is root's or not there yet.
 */
export function becomeOwnerOf(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || found.uid === 0 || process.getuid?.() !== 0)
    return;
  process.setgroups?.([found.gid]);
  process.setgid?.(found.gid);
  process.setuid?.(found.uid);
}
