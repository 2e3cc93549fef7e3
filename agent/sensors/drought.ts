/** Counts what goes on without what should come with it. */
export class Drought {
  readonly #least: number;
  readonly #leastMs: number;
  #count = 0;
  #since = 0;

  /** Shorter or of fewer, it means nothing. Times are of one clock of the owner's. */
  constructor(least: number, leastMs: number) {
    this.#least = least;
    this.#leastMs = leastMs;
  }

  note(at: number, count = 1): void {
    if (this.#count === 0) this.#since = at;
    this.#count += count;
  }

  /** What was missing came. */
  end(): void {
    this.#count = 0;
  }

  /** How many there were, once they are too many for too long. */
  lasting(at: number): number | undefined {
    const isLong = at - this.#since >= this.#leastMs;
    return this.#count >= this.#least && isLong ? this.#count : undefined;
  }
}
