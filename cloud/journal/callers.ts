import type { DecisionEvent } from "./decision-events.js";

/** Knows on whose behalf something is appended. */
export interface Callers {
  /**
   * Writes events, with the record of who called for them in front.
   * @throws what `write` throws, and then it may be tried again
   */
  appending<T>(
    events: readonly DecisionEvent[],
    write: (events: readonly DecisionEvent[]) => T,
  ): T;
}

/** Where nobody calls: commands in the folder of a cloud that does not run. */
export const NOBODY: Callers = {
  appending: (events, write) => write(events),
};
