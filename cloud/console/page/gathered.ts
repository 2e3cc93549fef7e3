/** News between one frame and the next, oldest first: the newest so many. */
export class Gathered<T> {
  readonly #most: number;
  #items: T[] = [];
  #isMissing = false;

  constructor(most: number) {
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  add(items: readonly T[]): void {
    const all = [...this.#items, ...items];
    this.#items = all.slice(-this.#most);
    this.#isMissing ||= all.length > this.#most;
  }

  /** All of them; none are left. */
  take(): {
    readonly news: readonly T[];
    /** There were more, and nobody will hear of them. */
    readonly isMissing: boolean;
  } {
    const taken = { news: this.#items, isMissing: this.#isMissing };
    this.#items = [];
    this.#isMissing = false;
    return taken;
  }
}
