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
    const [first] = this.#at;
    const isFull = this.#at.length >= this.most;
    if (isFull && first !== undefined && first > now - this.spanMs)
      return false;
    if (isFull) this.#at.shift();
    this.#at.push(now);
    return true;
  }
}

export const MINUTE_MS = 60_000;
