import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { asUnusable, type Blame } from "./damage.js";
import { companionsOf, syncFolder } from "./file.js";

/**
 * Moves a damaged database out of the way, for whoever wants to know why, and
 * returns the folder that holds it now. The log and the file belong together,
 * and none may meet the fresh one. The newest two of a name are kept.
 * @throws what `blame` makes of it
 */
export function putAside(path: string, at: Date, blame: Blame): string {
  const quarantine = join(dirname(path), "quarantine");
  const folder = join(quarantine, at.toISOString().replaceAll(":", "-"));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // A crash in between leaves a log without its file, which is never opened;
    // a file without its log would look whole, and be out of date.
    for (const file of [path, ...companionsOf(path)]) {
      if (existsSync(file)) renameSync(file, join(folder, basename(file)));
    }
    syncFolder(dirname(path));
    forgetOldest(quarantine, basename(path));
  } catch (error) {
    throw asUnusable(blame, error);
  }
  return folder;
}

function forgetOldest(quarantine: string, name: string): void {
  const oldestFirst = readdirSync(quarantine)
    .map((each) => join(quarantine, each))
    .filter((folder) => readdirSync(folder).some((f) => f.startsWith(name)))
    .sort();
  for (const folder of oldestFirst.slice(0, -MOST_KEPT)) {
    rmSync(folder, { recursive: true });
  }
}

/** Each may be as large as the database may be. */
const MOST_KEPT = 2;
