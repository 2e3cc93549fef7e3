import type { Followed } from "./following.js";
import type {
  Observation,
  ObservationKey,
  RecordedObservation,
} from "./observation-events.js";

/** A row as it lies there, for whoever commits to it. */
export interface ObservationRow extends ObservationKey {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** JSON; null once it is erased. */
  readonly body: string | null;
  /** 16 random bytes; null once it is erased. */
  readonly salt: Uint8Array | null;
  /** SHA-256 of salt and payload; kept where they are not any more, else null. */
  readonly commitment: Uint8Array | null;
}

/** Reports are of a day; what devices signed is evidence. */
export type Kept = "reports" | "evidence";

/** What one step of forgetting came to. */
export interface Forgotten {
  /** Rows that were looked at, of whichever kind. */
  readonly looked: number;
  /** How many of them are forgotten since. */
  readonly forgotten: number;
  /** Up to this number none of the kind is left, by this step or earlier ones. */
  readonly through: number;
}

/** Observations in one digest at most. */
export const MOST_DIGESTED = 4_096;

/** Whether it is news, or was here already and changed nothing. */
export type Put = "taken" | "known";

/**
 * What agents said: much of it, each by its key once, for so long as settings say.
 * Nothing that is decided waits for it.
 */
export interface Observations extends Followed<RecordedObservation> {
  /**
   * Takes all of them down or none; resolves once they are on the disk, folded
   * and told.
   * @returns of each whether it is news, in their order
   * @throws NoRoom, JournalDelayed, or JournalUnfollowed
   */
  put(batch: readonly Observation[]): Promise<readonly Put[]>;
  /** Rows behind a sequence number as they lie there, at most `limit`. */
  rowsAfter(seq: number, limit: number): Promise<readonly ObservationRow[]>;
  /**
   * Forgets rows for good: body and salt go, the commitment stays. Once more, it
   * changes nothing.
   */
  empty(seqs: readonly number[]): Promise<void>;
  /**
   * Forgets the oldest of one kind that were taken down before a time, in
   * milliseconds since 1970; looks at so many rows at most, each of them once.
   */
  forget(kept: Kept, before: number, most: number): Promise<Forgotten>;
  /**
   * Lets go of the oldest rows that are forgotten and in a digest, but for those
   * that one digest may share with a row that is not; at most so many.
   * @returns how many
   */
  drop(digested: number, most: number): Promise<number>;
  /** How much room they take, without what is free again. */
  bytes(): number;
  /** Gives no number up to this one to what comes from here on. */
  skipTo(seq: number): Promise<void>;
}
