import type { BanColumns } from "./columns.js";
import { SlotList } from "./slot-list.js";
import { Sorting } from "./sorting.js";
import {
  compareBy,
  digitsOf,
  type Compare,
  type FeedRanks,
  type Sort,
} from "./sorts.js";

/** All bans in one order, put right whenever somebody asks. */
export class Sorted {
  readonly compare: Compare;
  readonly #columns: BanColumns;
  readonly #ranks: FeedRanks;
  readonly #sort: Sort;
  #list = new SlotList();
  /** As of how many changes it is. */
  #level = -Infinity;
  #sorting: Sorting | undefined;

  constructor(sort: Sort, columns: BanColumns, ranks: FeedRanks) {
    this.#sort = sort;
    this.#columns = columns;
    this.#ranks = ranks;
    this.compare = compareBy(sort, columns, ranks);
  }

  /** As it was when it was level. */
  get list(): SlotList {
    return this.#list;
  }

  /** Whether it is as the columns are. */
  get isLevel(): boolean {
    const { count } = this.#columns.touched;
    return this.#sorting === undefined && this.#level === count;
  }

  /** Whether it takes sorting all of it to make it so. */
  get isFar(): boolean {
    const { touched } = this.#columns;
    return (
      this.#sorting !== undefined || touched.since(this.#level) === undefined
    );
  }

  /** Brings it a little nearer to being level: some ten milliseconds. */
  step(): void {
    if (this.#sorting !== undefined) {
      const sorted = this.#sorting.step();
      if (sorted === undefined) return;
      this.#sorting = undefined;
      this.#list = new SlotList(sorted);
      return;
    }
    const { touched } = this.#columns;
    const news = touched.since(this.#level);
    // What changes while it is sorted is put right after that.
    this.#level = touched.count;
    if (news === undefined) {
      const digits = digitsOf(this.#sort, this.#columns, this.#ranks);
      this.#sorting = new Sorting(this.#columns.taken(), digits);
    } else if (news.length > 0) {
      const belongs = (slot: number) => this.#columns.isTaken(slot);
      this.#list.mend(news, belongs, this.compare);
    }
  }
}
