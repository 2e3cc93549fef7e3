import type { BanColumns, BanKey } from "./columns.js";
import type { Slice } from "./slice.js";
import { SlotList } from "./slot-list.js";
import type { Sorted } from "./sorted.js";
import type { Compare } from "./sorts.js";

/** A list of bans as somebody sees it: some of them, in an order, from either end. */
export interface View {
  readonly order: Sorted;
  /** How many rows there are, as far as it was looked. */
  readonly length: number;
  /** Whether everything was looked at. */
  readonly isComplete: boolean;
  /** How many bans were looked at. */
  readonly scanned: number;
  slot(row: number): number;
  /** The first row that is not before a place; undefined: it was not come so far. */
  rowOf(place: BanKey): number | undefined;
  /** The next ban that is looked at; undefined: it is complete. */
  next(): BanKey | undefined;
  /** Puts right what changed. The order has to be level. */
  mend(): void;
  /** Looks at more until the slice is over. The order and this have to be level. */
  step(slice: Slice): void;
}

/** All bans. */
export class WholeView implements View {
  readonly order: Sorted;
  readonly isComplete = true;
  readonly #columns: BanColumns;
  readonly #descending: boolean;

  constructor(columns: BanColumns, order: Sorted, descending: boolean) {
    this.#columns = columns;
    this.order = order;
    this.#descending = descending;
  }

  get length(): number {
    return this.order.list.length;
  }

  get scanned(): number {
    return this.length;
  }

  slot(row: number): number {
    return this.order.list.at(this.#descending ? this.length - 1 - row : row);
  }

  rowOf(place: BanKey): number {
    const { list, compare } = this.order;
    const probe = this.#columns.probe(place);
    if (!this.#descending) return list.lowerBound(probe, compare);
    return list.length - list.upperBound(probe, compare);
  }

  next(): undefined {
    return undefined;
  }

  mend(): void {
    // The order is all there is to it.
  }

  step(): void {
    // Everything was looked at.
  }
}

/** Those bans that a test holds of, found by looking at one after the other. */
export class FoundView implements View {
  readonly order: Sorted;
  readonly #columns: BanColumns;
  readonly #descending: boolean;
  readonly #belongs: (slot: number) => boolean;
  readonly #compare: Compare;
  #list = new SlotList();
  /** All that there is to be looked at, in its order; undefined: the whole order. */
  #few: SlotList | undefined;
  /** The last ban that was looked at; undefined: none yet. */
  #through: BanKey | undefined;
  #level: number;
  #isComplete = false;
  #scanned = 0;

  constructor(
    columns: BanColumns,
    order: Sorted,
    sought: {
      readonly descending: boolean;
      belongs(slot: number): boolean;
    },
  ) {
    this.#columns = columns;
    this.order = order;
    this.#descending = sought.descending;
    this.#belongs = (slot) => sought.belongs(slot);
    this.#level = columns.touched.count;
    const { compare } = order;
    this.#compare = sought.descending ? (a, b) => compare(b, a) : compare;
  }

  /** Has it look at no others than these, and what changes from now on. */
  lookOnlyAt(slots: Iterable<number>): void {
    const sorted = [...slots].sort(this.order.compare);
    this.#few = new SlotList(Uint32Array.from(sorted));
  }

  get length(): number {
    return this.#list.length;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get scanned(): number {
    const { length } = this.order.list;
    return this.#isComplete
      ? length
      : length - this.#all.length + this.#scanned;
  }

  slot(row: number): number {
    return this.#list.at(row);
  }

  rowOf(place: BanKey): number | undefined {
    const probe = this.#columns.probe(place);
    if (!this.#isComplete && this.#isBeyond(probe)) return undefined;
    return this.#list.lowerBound(probe, this.#compare);
  }

  next(): BanKey | undefined {
    const row = this.#seen();
    if (this.#isComplete || row === this.#all.length) return undefined;
    return this.#columns.keyOf(this.#at(row));
  }

  mend(): void {
    const { touched } = this.#columns;
    const news = touched.since(this.#level);
    this.#level = touched.count;
    if (news === undefined) {
      this.#list = new SlotList();
      this.#few = undefined;
      this.#through = undefined;
      this.#scanned = 0;
      this.#isComplete = false;
    } else if (news.length > 0) {
      const isTaken = (slot: number) => this.#columns.isTaken(slot);
      this.#few?.mend(news, isTaken, this.order.compare);
      this.#list.mend(news, (slot) => this.#isFound(slot), this.#compare);
    }
  }

  step(slice: Slice): void {
    if (this.#isComplete) return;
    const { length } = this.#all;
    let row = this.#seen();
    do {
      const to = Math.min(length, row + AT_ONCE);
      for (; row < to; row++) {
        const slot = this.#at(row);
        if (this.#belongs(slot)) this.#list.push(slot);
      }
    } while (row < length && !slice.isOver);
    if (row > 0) this.#through = this.#columns.keyOf(this.#at(row - 1));
    this.#scanned = row;
    this.#isComplete = row === length;
    if (this.#isComplete) this.#few = undefined;
  }

  get #all(): SlotList {
    return this.#few ?? this.order.list;
  }

  /** A slot of all that is looked at, from the end that this goes from. */
  #at(row: number): number {
    const list = this.#all;
    return list.at(this.#descending ? list.length - 1 - row : row);
  }

  /** How many of all were looked at: others may have come in between. */
  #seen(): number {
    if (this.#through === undefined) return 0;
    const list = this.#all;
    const { compare } = this.order;
    const probe = this.#columns.probe(this.#through);
    if (!this.#descending) return list.upperBound(probe, compare);
    return list.length - list.lowerBound(probe, compare);
  }

  #isBeyond(slot: number): boolean {
    if (this.#through === undefined) return true;
    const through = this.#columns.probe(this.#through, 1);
    return this.#compare(slot, through) > 0;
  }

  #isFound(slot: number): boolean {
    if (!this.#columns.isTaken(slot)) return false;
    if (!this.#isComplete && this.#isBeyond(slot)) return false;
    return this.#belongs(slot);
  }
}

/** Some ten microseconds each where a query has many terms. */
const AT_ONCE = 128;
