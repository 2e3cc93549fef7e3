import type { Clock } from "../../agent/runtime/clock.js";

/** So many on average, and so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Lets `perSecond` through on average, and `burst` at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Pick<Clock, "monotonic">;
  #tokens: number;
  #filledAt: number;

  constructor({ perSecond, burst }: Rate, clock: Pick<Clock, "monotonic">) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes so many, if they are all there; otherwise none. */
  take(tokens = 1): boolean {
    this.#fill();
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** Whether so many are there. */
  holds(tokens: number): boolean {
    this.#fill();
    return this.#tokens >= tokens;
  }

  /** Milliseconds until so many are there, if none is taken meanwhile. */
  msUntil(tokens: number): number {
    this.#fill();
    const missing = Math.max(0, tokens - this.#tokens);
    return Math.ceil((missing / this.#perSecond) * 1000) + 1;
  }

  /** Whether nothing was taken for so long that a new one would be the same. */
  get full(): boolean {
    this.#fill();
    return this.#tokens === this.#burst;
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAt = now;
  }
}
