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
 * is told once there is some. Until then nothing more is taken.
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
