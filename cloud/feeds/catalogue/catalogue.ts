import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { Database } from "../../journal/database.js";
import type { BanLookup, FeedRef } from "../snapshots/ban-lookup.js";
import { BanColumns, type BanEntry } from "./columns.js";
import { Loading } from "./loading.js";
import { Sorted } from "./sorted.js";
import { FeedRanks, sorts, type Sort } from "./sorts.js";

/** Feeds by their names, in the order of these. */
export type Feeds = ReadonlyMap<FeedName, FeedRef>;

/** What becomes of bans in their tables. */
export interface BanChanges {
  /** @param keeps whether it stays the former decision's where nothing else is new */
  put(entry: BanEntry, keeps: boolean): void;
  remove(feed: number, cidr: Cidr): void;
  /** A feed begins: whatever bans it had are gone. */
  begin(feed: number): void;
}

type State =
  | { readonly at: "empty" }
  | { readonly at: "loading"; readonly from: Loading }
  | { readonly at: "complete" }
  /** There are more than it holds; it may look again at this time, Unix seconds. */
  | { readonly at: "given-up"; readonly again: number };

/**
 * All bans that stand, in memory and in every order that they are listed in: so a
 * place in a list of a million is found by its number, and a fold pays for it with
 * a percent of its time. It is read from the tables when nothing else is to be done,
 * and from then on told of each change.
 */
export class Catalogue implements BanChanges {
  readonly #database: Database;
  readonly #lookup: Pick<BanLookup, "feeds">;
  readonly #most: number;
  readonly #ranks = new FeedRanks();
  #feeds: Feeds | undefined;
  #columns = new BanColumns();
  #orders = this.#ordersOf(this.#columns);
  #state: State = { at: "empty" };
  /** What ended by then is not here: Unix seconds. */
  #now = 0;

  /** @param most bans that it holds */
  constructor(
    database: Database,
    lookup: Pick<BanLookup, "feeds">,
    most = MOST_BANS,
  ) {
    this.#database = database;
    this.#lookup = lookup;
    this.#most = most;
  }

  /** The feeds that were begun. */
  get feeds(): Feeds {
    return this.#feeds ?? this.#readFeeds();
  }

  get columns(): BanColumns {
    return this.#columns;
  }

  get isComplete(): boolean {
    return this.#state.at === "complete";
  }

  /** Whether there are more bans than it holds. */
  get isTooMuch(): boolean {
    return this.#state.at === "given-up";
  }

  order(sort: Sort): Sorted {
    // By the names of all feeds that there are now.
    if (this.#feeds === undefined) this.#readFeeds();
    return this.#orders[sort];
  }

  put(entry: BanEntry, keeps: boolean): void {
    if (!this.#isTold) return;
    this.#columns.put(entry, keeps);
    this.#giveUpBeyond();
  }

  remove(feed: number, cidr: Cidr): void {
    if (!this.#isTold) return;
    const slot = this.#columns.find(feed, cidr);
    if (slot !== undefined) this.#columns.free(slot);
  }

  begin(feed: number): void {
    this.#feeds = undefined;
    if (this.#isTold) this.#columns.clear(feed);
  }

  /** What was told last is not so after all: it is read anew. */
  forget(): void {
    this.#columns = new BanColumns();
    this.#orders = this.#ordersOf(this.#columns);
    this.#state = { at: "empty" };
    this.#feeds = undefined;
  }

  /** A little of what can be done before anybody asks; reports whether it was any. */
  prepare(): boolean {
    if (this.#state.at === "given-up") return false;
    if (this.#state.at !== "complete") {
      this.load();
      return true;
    }
    const far = sorts.find((sort) => this.order(sort).isFar);
    if (far !== undefined) this.order(far).step();
    return far !== undefined;
  }

  /** Reads a little more of the tables. */
  load(): void {
    if (this.#state.at === "empty") {
      const from = new Loading(this.#database, this.#now);
      this.#state = { at: "loading", from };
    }
    if (this.#state.at !== "loading") return;
    const entries = this.#state.from.next();
    if (entries === undefined) this.#state = { at: "complete" };
    for (const entry of entries ?? []) this.#columns.put(entry);
    this.#giveUpBeyond();
  }

  /**
   * What time it is by now. It may forget everything.
   * @param now Unix seconds
   */
  setClock(now: number): void {
    if (this.#state.at === "given-up" && this.#state.again <= now) {
      this.forget();
    }
    // What ended by a clock that was wrong stands again.
    if (now < this.#now - CLOCK_MARGIN_S) this.forget();
    this.#now = now;
  }

  /** Lets go of what has ended. The order by that has to be level. */
  passEnded(): void {
    const { list } = this.#orders.until;
    for (let index = 0; index < list.length; index++) {
      const slot = list.at(index);
      if ((this.#columns.until[slot] ?? 0) > this.#now) break;
      this.#columns.free(slot);
    }
  }

  /** Whoever looks at bans sees that the columns are others. */
  #giveUpBeyond(): void {
    if (this.#columns.size <= this.#most) return;
    this.forget();
    this.#state = { at: "given-up", again: this.#now + AGAIN_S };
  }

  get #isTold(): boolean {
    return this.#state.at === "loading" || this.#state.at === "complete";
  }

  #readFeeds(): Feeds {
    const feeds = this.#lookup.feeds();
    this.#ranks.set([...feeds.values()].map(({ id }) => id));
    this.#feeds = feeds;
    return feeds;
  }

  #ordersOf(columns: BanColumns): Readonly<Record<Sort, Sorted>> {
    const all = sorts.map(
      (sort) => [sort, new Sorted(sort, columns, this.#ranks)] as const,
    );
    return Object.fromEntries(all) as Record<Sort, Sorted>;
  }
}

/** Some 500 MB of memory: more than a feed may hold. */
const MOST_BANS = 5_000_000;

const AGAIN_S = 600;
const CLOCK_MARGIN_S = 60;
