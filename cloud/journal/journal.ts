import type { Event, Recorded } from "./events.js";

/** The one ordered log that everything else in the cloud is a fold over. */
export interface Journal {
  /**
   * Appends all events or none; returns once they are on the disk.
   * @param expectedLast refuse if somebody else appended since
   * @returns the sequence number of the last of them
   * @throws JournalConflict, NoRoom, JournalDelayed, or JournalUnfollowed
   */
  append(events: readonly Event[], expectedLast?: number): number;
  /** Events from sequence number `from` on, at most `limit`. */
  read(from: number, limit: number): readonly Recorded[];
  /** Sequence number of the newest event; 0 while there is none. */
  last(): number;
  /** Has a fold keep level with it, before any subscriber hears of an append. */
  follow(follower: Follower): Disposable;
  /**
   * Hands over each append after it is durable and all folds are level, in
   * order: in the same turn, unless a fold lags for want of room.
   */
  subscribe(listener: JournalListener): Disposable;
}

/** A fold of the journal that others decide by. */
export interface Follower {
  /** Takes in what was appended, and whatever it has missed. */
  take(appended: readonly Recorded[]): void;
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
 * What was appended is durable, but the disk leaves a fold no room for it: it
 * reaches agents once there is some. Until then nothing is decided.
 */
export class JournalDelayed extends Error {
  override readonly name = "JournalDelayed";

  constructor(last: number, options?: ErrorOptions) {
    super(
      `event ${last} of the journal is recorded, but the cloud's disk is full: it reaches agents once there is room, and nothing more is taken until then`,
      options,
    );
  }
}

/**
 * A listener failed over something that is durable: whoever decides on what it
 * keeps would decide on an old state. A new start catches up.
 */
export class JournalUnfollowed extends Error {
  override readonly name = "JournalUnfollowed";
}
