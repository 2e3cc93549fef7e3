import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../agent/runtime/clock.js";

/** The work is for nobody. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
}

/**
 * Work that goes on in turns with all else. They end by time and not by a count:
 * how long a step takes is up to who fills the tables.
 */
export class Turns {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #signal: AbortSignal | undefined;
  #began = 0;

  /** @param signal that nobody waits for the work any more */
  constructor(clock: Pick<Clock, "monotonic">, signal?: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  get isOver(): boolean {
    return this.#clock.monotonic() - this.#began >= A_TURN_MS;
  }

  /**
   * Lets all else go on, if this turn has lasted long enough.
   * @throws GivenUp
   */
  async next(): Promise<void> {
    if (!this.isOver) return;
    await nextTurn();
    this.#began = this.#clock.monotonic();
    if (this.#signal?.aborted)
      throw new GivenUp("nobody waits for it any more");
  }
}

const A_TURN_MS = 5;
