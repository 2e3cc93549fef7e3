import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../clock.js";
import { asUnusable, LedgerCorrupt } from "./damage.js";
import { companionsOf, syncFolder } from "./file.js";
import { Ledger, type LedgerOptions } from "./ledger.js";

/** A ledger, and where the one is that could not be believed any more. */
export interface Opened {
  readonly ledger: Ledger;
  readonly quarantined: Quarantined | undefined;
}

export interface Quarantined {
  /** The folder that holds the damaged files. */
  readonly folder: string;
  readonly why: LedgerCorrupt;
}

/**
 * Opens the ledger. A corrupt one is put aside, for whoever wants to know why,
 * and a fresh one takes its place; its feeds have to be fetched again.
 * @throws LedgerDamage for all else: a ledger that is locked or from the future
 * is a good one
 */
export function openLedgerOrQuarantine(
  path: string,
  clock: Pick<Clock, "now">,
  options: LedgerOptions = {},
): Opened {
  try {
    return { ledger: Ledger.open(path, options), quarantined: undefined };
  } catch (why) {
    if (!(why instanceof LedgerCorrupt)) throw why;
    const folder = putAside(path, new Date(clock.now()));
    const ledger = Ledger.open(path, options);
    return { ledger, quarantined: { folder, why } };
  }
}

/** The log and the file belong together, and none may meet the fresh ledger. */
function putAside(path: string, at: Date): string {
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
    forgetOldest(quarantine);
  } catch (error) {
    throw asUnusable(path, error);
  }
  return folder;
}

function forgetOldest(quarantine: string): void {
  const oldestFirst = readdirSync(quarantine).sort();
  for (const name of oldestFirst.slice(0, -MOST_KEPT)) {
    rmSync(join(quarantine, name), { recursive: true });
  }
}

/** Each may be as large as a ledger may be. */
const MOST_KEPT = 2;
