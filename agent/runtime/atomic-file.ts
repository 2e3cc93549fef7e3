import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Written beside, made durable, then put in place: whole or not at all. Only its
 * owner may read it.
 * @throws what writing throws; the file is the earlier one then
 */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true }); // a leftover would keep its mode and owner
  const file = openSync(beside, "wx", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}
