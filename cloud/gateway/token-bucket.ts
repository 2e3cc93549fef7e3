import type { Clock } from "../../agent/clock.js";

/** Lets `perSecond` through on average, and `burst` at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Pick<Clock, "monotonic">;
  #tokens: number;
  #filledAt: number;

  constructor(
    { perSecond, burst }: { perSecond: number; burst: number },
    clock: Pick<Clock, "monotonic">,
  ) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes one, if there is one. */
  take(): boolean {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
