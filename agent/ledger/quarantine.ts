import type { Clock } from "../clock.js";
import { putAside } from "../sqlite/quarantine.js";
import { blameLedger, LedgerCorrupt } from "./damage.js";
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
    const folder = putAside(path, new Date(clock.now()), blameLedger(path));
    const ledger = Ledger.open(path, options);
    return { ledger, quarantined: { folder, why } };
  }
}
