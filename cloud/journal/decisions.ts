import type { DecisionEvent, RecordedDecision } from "./decision-events.js";
import type { Followed } from "./following.js";

/** A row as it lies there, for whoever commits to it, or erases. */
export interface DecisionRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** JSON without what lies beside it; null once it is erased. */
  readonly body: string | null;
  /** Of a segment: the signed container; null once it is erased. */
  readonly bytes: Uint8Array | null;
  /** 32 random bytes; null once the row, or an op of it, is erased. */
  readonly salt: Uint8Array | null;
  /**
   * SHA-256 of salt and payload, kept where they are not any more, else null; of a
   * segment, that of each of its ops behind it.
   */
  readonly commitment: Uint8Array | null;
}

/**
 * What was decided, in one order: small, and all that feeds are folded from.
 * Whoever checks something first uses `lookThenAppend`.
 */
export interface Decisions extends Followed<RecordedDecision> {
  /**
   * Appends all events or none; resolves once they are on the disk, folded and
   * told.
   * @param expectedLast refuse if somebody else appended since; unless given, they
   *   come behind whatever was written by now
   * @returns the sequence number of the last of them
   * @throws JournalConflict, NoRoom, JournalDelayed, or JournalUnfollowed
   */
  append(
    events: readonly DecisionEvent[],
    expectedLast?: number,
  ): Promise<number>;
  /** Rows behind a sequence number as they lie there, at most `limit`. */
  rowsAfter(seq: number, limit: number): Promise<readonly DecisionRow[]>;
  /**
   * Forgets a row for good: salt and bytes go, and of `all` the body; the
   * commitment stays in their place, or all of those that are given. Once more,
   * it changes nothing.
   */
  empty(
    seq: number,
    what: "all" | "bytes",
    commitments?: Uint8Array,
  ): Promise<void>;
}

/** What a look at the views comes to. */
export interface Looked<T> {
  /** None: nothing is to be done. */
  readonly events: readonly DecisionEvent[];
  readonly answer: T;
}
