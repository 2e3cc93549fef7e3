/**
 * The first of many things in an order, at most so many: what comes behind them is
 * counted and let go, so that nobody sorts all there is for a page of it.
 */
export class FirstOf<T> {
  readonly #most: number;
  readonly #compared: (a: T, b: T) => number;
  readonly #kept: T[] = [];
  #taken = 0;

  /**
   * @param most from 1 on
   * @param compared below 0 where the one comes before the other; 0 for the same alone
   */
  constructor(most: number, compared: (a: T, b: T) => number) {
    this.#most = most;
    this.#compared = compared;
  }

  /** In their order. */
  get kept(): readonly T[] {
    return this.#kept;
  }

  /** Whether some were let go. */
  get hasMore(): boolean {
    return this.#taken > this.#kept.length;
  }

  take(thing: T): void {
    this.#taken += 1;
    const last = this.#kept.at(-1);
    const isFull = this.#kept.length === this.#most;
    if (isFull && last !== undefined && this.#compared(thing, last) >= 0)
      return;
    if (isFull) this.#kept.pop();
    this.#kept.splice(this.#placeOf(thing), 0, thing);
  }

  #placeOf(thing: T): number {
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#kept[middle];
      const isBehind = there !== undefined && this.#compared(thing, there) > 0;
      if (isBehind) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
