import type { Clock } from "../runtime/clock.js";
import { putAside } from "../sqlite/quarantine.js";
import { blameLedger, LedgerCorrupt, type LedgerDamage } from "./damage.js";
import { Ledger, type LedgerOptions } from "./ledger.js";
import { isOutOfReach, openStandIn } from "./stand-in.js";

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
 * Opens the ledger as `openLedgerOrQuarantine` does; one on a disk that takes no
 * writes is stood in for by a copy in `memory`, a folder that is made there.
 * @throws LedgerDamage for all else
 */
export function openLedgerInAnyCase(
  path: string,
  clock: Pick<Clock, "now">,
  { memory, ...options }: LedgerOptions & { readonly memory: string },
): Opened {
  try {
    return openLedgerOrQuarantine(path, clock, options);
  } catch (why) {
    if (!isOutOfReach(path, why)) throw why;
    const standsInFor = (why as LedgerDamage).problem;
    const ledger = openStandIn(path, memory, { ...options, standsInFor });
    return { ledger, quarantined: undefined };
  }
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
