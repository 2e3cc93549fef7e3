import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { asUnusable, type Blame } from "./damage.js";

/** What SQLite keeps beside a database, and what only makes sense with it. */
export const companionsOf = (path: string): readonly string[] => [
  `${path}-wal`,
  `${path}-shm`,
];

/**
 * Sees to it that a private, plain file lies at `path`. A new one is made whole
 * under another name before it gets its own: an empty file at `path` was
 * therefore emptied by somebody, and is never taken for a new database.
 * @throws what `blame` makes of it
 */
export function ensureFile(
  path: string,
  blame: Blame,
  initialise: (path: string) => void,
): void {
  try {
    findOrCreate(path, blame, initialise);
  } catch (error) {
    throw asUnusable(blame, error);
  }
}

function findOrCreate(
  path: string,
  blame: Blame,
  initialise: (path: string) => void,
): void {
  clearLeftovers(path);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    refuseOrphans(path, blame);
    create(path, initialise);
    return;
  }
  if (!found.isFile()) throw blame("unusable", "is not a plain file");
  if (found.nlink > 1) throw blame("unusable", "has a second name");
  if (found.size === 0) throw blame("corrupt", "was emptied");
  if ((found.mode & 0o077) !== 0) chmodSync(path, OWNER_ONLY);
}

const OWNER_ONLY = 0o600;

/** The name of a database in the making. */
const unbornOf = (path: string): string => `${path}.new`;

/** Of a crash while making one, also when it had both its names already. */
function clearLeftovers(path: string): void {
  const unborn = unbornOf(path);
  for (const leftover of [unborn, ...companionsOf(unborn)]) {
    rmSync(leftover, { force: true });
  }
}

/** SQLite would replay the old log into the new file. */
function refuseOrphans(path: string, blame: Blame): void {
  const orphan = companionsOf(path).find((companion) => existsSync(companion));
  if (orphan !== undefined) {
    throw blame("corrupt", `is gone, but ${orphan} is still there`);
  }
}

function create(path: string, initialise: (path: string) => void): void {
  const unborn = unbornOf(path);
  closeSync(openSync(unborn, "wx", OWNER_ONLY));
  initialise(unborn);
  linkSync(unborn, path); // unlike a rename, this never replaces a database
  rmSync(unborn);
  syncFolder(dirname(path));
}

/** A new name is only as lasting as the folder that holds it. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
