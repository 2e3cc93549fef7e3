import type { Blame, DamageKind } from "../sqlite/damage.js";

/** What can be wrong with the ledger's file; each says what may be done. */
export abstract class LedgerDamage extends Error {
  constructor(
    readonly path: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`the ledger ${path} ${problem}`, options);
  }

  /** Whether nothing but opening the ledger anew can help. */
  needsReopening(): boolean {
    return false;
  }
}

/** Of whatever was caught: whether it can't be gone on after. */
export const needsReopening = (error: unknown): error is LedgerDamage =>
  error instanceof LedgerDamage && error.needsReopening();

/** Another process has it: that one is the agent of this host, or was. */
export class LedgerLocked extends LedgerDamage {
  override readonly name = "LedgerLocked";
}

/** What it says can't be believed any more: quarantine it and start afresh. */
export class LedgerCorrupt extends LedgerDamage {
  override readonly name = "LedgerCorrupt";

  override needsReopening(): boolean {
    return true;
  }
}

/** Written by a later version: it is whole, and only an upgrade reads it. */
export class LedgerFromTheFuture extends LedgerDamage {
  override readonly name = "LedgerFromTheFuture";
}

/** No room to write: nothing was recorded, reading goes on, retry when freed. */
export class LedgerFull extends LedgerDamage {
  override readonly name = "LedgerFull";
}

/** The disk refused: what reached it is unknown until the ledger is reopened. */
export class LedgerUnwritable extends LedgerDamage {
  override readonly name = "LedgerUnwritable";

  override needsReopening(): boolean {
    return true;
  }
}

/** Not a file that may be used as a ledger; nothing of it was touched. */
export class LedgerUnusable extends LedgerDamage {
  override readonly name = "LedgerUnusable";
}

/** Tells what is wrong with the ledger at `path` in the ledger's own words. */
export const blameLedger =
  (path: string): Blame =>
  (kind, problem, options) =>
    new KINDS[kind](path, problem, options);

const KINDS: Readonly<
  Record<
    DamageKind,
    new (path: string, problem: string, options?: ErrorOptions) => LedgerDamage
  >
> = {
  locked: LedgerLocked,
  corrupt: LedgerCorrupt,
  "from-the-future": LedgerFromTheFuture,
  full: LedgerFull,
  unwritable: LedgerUnwritable,
  unusable: LedgerUnusable,
};
