/**
 * Keeps the items of greatest weight of however many are shown to it: a heap with
 * the lightest of them on top, so that memory is bounded by what is kept.
 */
export class Most<T> {
  readonly #limit: number;
  readonly #weigh: (item: T) => number;
  readonly #heap: { readonly item: T; readonly weight: number }[] = [];
  #passedOver = 0;

  constructor(limit: number, weigh: (item: T) => number) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** How many were shown that are not kept. */
  get passedOver(): number {
    return this.#passedOver;
  }

  show(item: T): void {
    const entry = { item, weight: this.#weigh(item) };
    if (this.#heap.length < this.#limit) {
      this.#heap.push(entry);
      this.#rise(this.#heap.length - 1);
      return;
    }
    this.#passedOver++;
    const lightest = this.#heap[0];
    if (lightest === undefined || lightest.weight >= entry.weight) return;
    this.#heap[0] = entry;
    this.#sink();
  }

  /** Those that are kept, the heaviest first. */
  kept(): readonly T[] {
    const heaviestFirst = [...this.#heap].sort((a, b) => b.weight - a.weight);
    return heaviestFirst.map(({ item }) => item);
  }

  #rise(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLighter(at, parent)) return;
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const lighter = this.#weightAt(right) < this.#weightAt(left);
      const child = lighter ? right : left;
      if (!this.#swapIfLighter(child, at)) return;
      at = child;
    }
  }

  #weightAt(at: number): number {
    return this.#heap[at]?.weight ?? Infinity;
  }

  /** Puts the lower of two where the upper was, if it weighs less. */
  #swapIfLighter(lower: number, upper: number): boolean {
    const [below, above] = [this.#heap[lower], this.#heap[upper]];
    if (!below || !above || below.weight >= above.weight) return false;
    this.#heap[upper] = below;
    this.#heap[lower] = above;
    return true;
  }
}
