import type { Compare } from "./sorts.js";

/** Slots in an order, each once: four bytes each. */
export class SlotList {
  #slots: Uint32Array;
  #length: number;

  /** @param slots in their order; they are the list's own from here on */
  constructor(slots = new Uint32Array(0)) {
    this.#slots = slots;
    this.#length = slots.length;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#slots[index] ?? 0;
  }

  /** A slot that comes behind all that are here. */
  push(slot: number): void {
    this.#makeRoom(1);
    this.#slots[this.#length++] = slot;
  }

  /** The index of the first that is not before a slot, which need not be here. */
  lowerBound(slot: number, compare: Compare, before = this.#length): number {
    let low = 0;
    let high = before;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.at(middle), slot) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the first that is behind a slot, which need not be here. */
  upperBound(slot: number, compare: Compare): number {
    const index = this.lowerBound(slot, compare);
    const isHere = index < this.#length && compare(this.at(index), slot) === 0;
    return isHere ? index + 1 : index;
  }

  /**
   * Puts slots right whose content is another now: they go from where they stood,
   * and those that belong here come to where they are to stand.
   */
  mend(
    touched: readonly number[],
    belongs: (slot: number) => boolean,
    compare: Compare,
  ): void {
    const all = new Set(touched);
    this.#drop(all);
    const more = [...all].filter(belongs).sort(compare);
    this.#makeRoom(more.length);
    let end = this.#length;
    this.#length += more.length;
    // From the end, so that everything is moved once.
    for (let left = more.length - 1; left >= 0; left--) {
      const slot = more[left] ?? 0;
      const index = this.lowerBound(slot, compare, end);
      this.#slots.copyWithin(index + left + 1, index, end);
      this.#slots[index + left] = slot;
      end = index;
    }
  }

  #drop(gone: ReadonlySet<number>): void {
    let highest = 0;
    for (const slot of gone) if (slot > highest) highest = slot;
    const isGone = new Uint8Array(highest + 1);
    for (const slot of gone) isGone[slot] = 1;
    let kept = 0;
    const slots = this.#slots;
    for (let index = 0; index < this.#length; index++) {
      const slot = slots[index] ?? 0;
      if (isGone[slot] !== 1) slots[kept++] = slot;
    }
    this.#length = kept;
  }

  #makeRoom(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#slots.length) return;
    const slots = new Uint32Array(Math.max(FIRST, needed, this.#length * 2));
    slots.set(this.#slots.subarray(0, this.#length));
    this.#slots = slots;
  }
}

const FIRST = 64;
