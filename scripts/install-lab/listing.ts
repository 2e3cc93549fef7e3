import type { Machine } from "./machine.js";

/**
 * Everything that an installation could leave behind, one line each: files with
 * mode, owner, size and target, the content of /etc, users, groups, units, tables.
 * Left out is what changes without us: logs, and systemd's own notes. The
 * backups that useradd and userdel make of /etc/passwd and its like are theirs.
 */
export async function listingOf(machine: Machine): Promise<readonly string[]> {
  const text = await machine.must(SCRIPT);
  return text.split("\n");
}

/** Lines that only one of the two has. */
export function differences(
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  const [had, has] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !has.has(line)).map((line) => `gone: ${line}`),
    ...after.filter((line) => !had.has(line)).map((line) => `new: ${line}`),
  ];
}

const SCRIPT = `
find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp \\
  -o -path /var/tmp -o -path /var/log -o -path /var/lib/systemd -o -path /run \\) -prune \\
  -o \\( -type d -printf '%y %m %u:%g %p\\n' \\) \\
  -o \\( -name 'passwd-' -o -name 'shadow-' -o -name 'group-' -o -name 'gshadow-' \\
         -o -name 'subuid-' -o -name 'subgid-' -o -name '.pwd.lock' \\) \\
  -o -printf '%y %m %u:%g %s %p %l\\n' | sort
find /etc -xdev -type f -not -name '*-' -exec sha256sum {} + | sort -k 2
find /run -xdev -path '*tourniquet*' | sort
getent passwd | sort
getent group | sort
systemctl list-unit-files --no-legend --no-pager | sort
systemctl list-units --all --no-legend --no-pager --plain 'tourniquet*'
systemctl list-units --state=failed --no-legend --no-pager --plain
nft list tables
`;
