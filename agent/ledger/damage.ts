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

/** An error of the file system in the ledger's words; others as they are. */
export function asUnusable(path: string, error: unknown): unknown {
  if (!hasCode(error) || !("syscall" in error)) return error;
  const problem = `can't be opened: ${error.message}`;
  return new LedgerUnusable(path, problem, { cause: error });
}

/** An error of SQLite in the ledger's words; others as they are. */
export function asDamage(path: string, error: unknown): unknown {
  if (!hasCode(error)) return error;
  const told = (Kind: DamageKind, problem: string) =>
    new Kind(path, problem, { cause: error });
  switch (kindOf(error)) {
    case "BUSY":
    case "LOCKED":
      return told(LedgerLocked, "is held by another process");
    case "CORRUPT":
    case "NOTADB":
      return told(LedgerCorrupt, `is damaged: ${error.message}`);
    case "FULL":
      return told(LedgerFull, "has no room to grow");
    case "IOERR":
    case "READONLY":
      return told(LedgerUnwritable, `failed: ${error.message}`);
    case "CANTOPEN":
    case "PERM":
      return told(LedgerUnusable, `can't be opened: ${error.message}`);
    default:
      return error;
  }
}

type DamageKind = new (
  path: string,
  problem: string,
  options: ErrorOptions,
) => LedgerDamage;

/** By its looks: SQLite's error class is another one in every realm. */
interface CodedError {
  readonly code: string;
  readonly message: string;
}

function hasCode(error: unknown): error is CodedError {
  if (typeof error !== "object" || error === null) return false;
  return "code" in error && typeof error.code === "string";
}

/** "IOERR" of "SQLITE_IOERR_FSYNC". */
function kindOf(error: CodedError): string {
  return /^SQLITE_([A-Z]+)/.exec(error.code)?.[1] ?? "";
}
