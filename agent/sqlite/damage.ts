/** What can be wrong with a database file. */
export type DamageKind =
  /** Another process has it. */
  | "locked"
  /** What it says can't be believed any more. */
  | "corrupt"
  /** Written by a later version: it is whole, and only an upgrade reads it. */
  | "from-the-future"
  /** Nothing can be written for now: nothing was recorded, reading goes on. */
  | "full"
  /** The disk refused: what reached it is unknown until the file is reopened. */
  | "unwritable"
  /** Not a file that may be used; nothing of it was touched. */
  | "unusable";

/** Makes the error of the room whose file it is. */
export type Blame = (
  kind: DamageKind,
  problem: string,
  options?: ErrorOptions,
) => Error;

/** An error of the file system in the room's words; others as they are. */
export function asUnusable(blame: Blame, error: unknown): unknown {
  if (!hasCode(error) || !("syscall" in error)) return error;
  const problem = `can't be opened: ${error.message}`;
  return blame("unusable", problem, { cause: error });
}

/** An error of SQLite in the room's words; others as they are. */
export function asDamage(blame: Blame, error: unknown): unknown {
  if (!hasCode(error)) return error;
  const told = (kind: DamageKind, problem: string) =>
    blame(kind, problem, { cause: error });
  if (isReadOnly(error))
    return told("full", `can't be written: ${error.message}`);
  switch (kindOf(error)) {
    case "BUSY":
    case "LOCKED":
      return told("locked", "is held by another process");
    case "CORRUPT":
    case "NOTADB":
      return told("corrupt", `is damaged: ${error.message}`);
    case "FULL":
      return told("full", "has no room to grow");
    case "IOERR":
    case "READONLY":
      return told("unwritable", `failed: ${error.message}`);
    case "CANTOPEN":
    case "PERM":
      return told("unusable", `can't be opened: ${error.message}`);
    default:
      return error;
  }
}

/**
 * A disk that takes no writes any more, as after an error of its own: what was to
 * be written is not in force, and what had been can be read.
 */
const isReadOnly = ({ code }: CodedError): boolean =>
  code === "SQLITE_READONLY" || code === "SQLITE_IOERR_WRITE";

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
