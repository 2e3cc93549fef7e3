/** The disk has no room for it; what was asked has not happened. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";

  constructor(dir: string, options?: ErrorOptions) {
    const code = codeOf(options?.cause);
    const isFull = code === "" || FULL.test(code);
    const how = isFull ? "is full" : `cannot be written to (${code})`;
    super(
      `the disk that holds ${dir} ${how}, and nothing was recorded; make room there and ask again`,
      options,
    );
  }
}

/** Whether something failed for want of room, or because its disk fails. */
export const isDiskTrouble = (error: unknown): boolean =>
  FULL.test(codeOf(error)) || FAILING.test(codeOf(error));

/** Whether a database may do the same later on, as it is. */
export const mayPass = (error: unknown): boolean =>
  isDiskTrouble(error) ||
  /^SQLITE_(BUSY|LOCKED|NOMEM|PROTOCOL)/.test(codeOf(error));

const FULL = /^(ENOSPC|EDQUOT|SQLITE_FULL|SQLITE_IOERR_SHMSIZE)$/;

/** SQLite tells a quota that is used up from a disk that fails no better. */
const FAILING =
  /^(EIO|EROFS|SQLITE_IOERR.*|SQLITE_CANTOPEN.*|SQLITE_READONLY.*)$/;

/** What SQLite throws need not be of this realm's class of errors. */
const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error
    ? String(error.code)
    : "";

/** Something that gives up room which it keeps; false when it has none left. */
export interface Giving {
  release(): boolean;
}

export const NO_RESERVE: Giving = { release: () => false };

/** Acts; what fails for want of room is tried again for as long as some is given up. */
export function withRoom<T>(reserve: Giving, act: () => T): T {
  for (;;) {
    try {
      return act();
    } catch (error) {
      if (!isDiskTrouble(error) || !reserve.release()) throw error;
    }
  }
}
