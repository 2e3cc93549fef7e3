/** Lets so many through in any span of time, and no more. */
export class Rate {
  /** When those of the last span were let through; the oldest first. */
  readonly #at: number[] = [];

  constructor(
    private readonly most: number,
    private readonly spanMs: number,
  ) {}

  /** Whether one more may go; `now` is of a clock that never jumps. */
  take(now: number): boolean {
    if (this.waitMs(now) > 0) return false;
    if (this.#at.length >= this.most) this.#at.shift();
    this.#at.push(now);
    return true;
  }

  /** Milliseconds until one more may go; 0 where it may at once. */
  waitMs(now: number): number {
    const [first] = this.#at;
    if (first === undefined || this.#at.length < this.most) return 0;
    return Math.max(0, first + this.spanMs - now);
  }
}

export const MINUTE_MS = 60_000;
