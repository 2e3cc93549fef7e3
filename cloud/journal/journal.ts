import type { Event, Recorded } from "./events.js";

/** The one ordered log that everything else in the cloud is a fold over. */
export interface Journal {
  /**
   * Appends all events or none; returns once they are on the disk.
   * @param expectedLast refuse if somebody else appended since
   * @returns the sequence number of the last of them
   * @throws JournalConflict, or JournalUnfollowed
   */
  append(events: readonly Event[], expectedLast?: number): number;
  /** Events from sequence number `from` on, at most `limit`. */
  read(from: number, limit: number): readonly Recorded[];
  /** Sequence number of the newest event; 0 while there is none. */
  last(): number;
  /** Hands over each append after it is durable, in order, in the same turn. */
  subscribe(listener: JournalListener): Disposable;
}

export type JournalListener = (appended: readonly Recorded[]) => void;

/** Somebody appended in between: what was decided, was decided on an old state. */
export class JournalConflict extends Error {
  override readonly name = "JournalConflict";

  constructor(
    readonly expectedLast: number,
    readonly actualLast: number,
  ) {
    super(`the journal is at ${actualLast}, not at ${expectedLast}`);
  }
}

/**
 * A listener failed over something that is durable: whoever decides on what it
 * keeps would decide on an old state. A new start catches up.
 */
export class JournalUnfollowed extends Error {
  override readonly name = "JournalUnfollowed";
}
