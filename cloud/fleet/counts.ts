/** Counts by key, of so many keys at most: who invents keys gets no more room. */
export class Counts {
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  #others = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** What was counted of keys that there was no room for. */
  get others(): number {
    return this.#others;
  }

  /** Whether the key is a new one that there is room for. */
  add(key: string): boolean {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      this.#counts.set(key, known + 1);
      return false;
    }
    const hasRoom = this.#counts.size < this.#most;
    if (hasRoom) this.#counts.set(key, 1);
    else this.#others += 1;
    return hasRoom;
  }

  /** The most first. */
  all(): readonly (readonly [key: string, count: number])[] {
    return [...this.#counts].sort(
      ([a, m], [b, n]) => n - m || (a < b ? -1 : 1),
    );
  }
}
