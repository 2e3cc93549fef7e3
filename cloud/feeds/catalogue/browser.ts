import type { FeedName } from "../../../agent/model/position.js";
import type { BanLookup } from "../snapshots/ban-lookup.js";
import type { BansWindow, Browse, BrowsePlace, ListedBan } from "./browsing.js";
import { sortsFor } from "./candidates.js";
import type { Catalogue, Feeds } from "./catalogue.js";
import { isObserved, isRinged, type BanKey } from "./columns.js";
import { placeOf } from "./places.js";
import { Slice } from "./slice.js";
import type { Sort } from "./sorts.js";
import type { Texts } from "./texts.js";
import type { View } from "./view.js";
import { Views } from "./views.js";

/** Answers what somebody wants to see of the bans, in slices. */
export class Browser {
  readonly #catalogue: Catalogue;
  readonly #lookup: BanLookup;
  readonly #texts: Texts;
  readonly #views: Views;

  constructor(catalogue: Catalogue, lookup: BanLookup, texts: Texts) {
    this.#catalogue = catalogue;
    this.#lookup = lookup;
    this.#texts = texts;
    this.#views = new Views(catalogue, texts);
  }

  /** Undefined: there are more bans than are kept in any order but by place. */
  *browse(browse: Browse): Generator<undefined, BansWindow | undefined> {
    const began = performance.now();
    const slice = new Slice();
    this.#catalogue.setClock(browse.now);
    for (;;) {
      yield* this.#ready(slice);
      if (!this.#catalogue.isComplete) return undefined;
      const view = yield* this.#viewOf(browse, slice);
      const window = view && (yield* this.#look(browse, view, slice, began));
      if (window !== undefined) return window;
    }
  }

  /** Undefined: all was forgotten meanwhile, and the view's slots are others'. */
  *#look(
    browse: Browse,
    view: View,
    slice: Slice,
    began: number,
  ): Generator<undefined, BansWindow | undefined> {
    const { columns } = this.#catalogue;
    for (;;) {
      yield* this.#level(browse.sort, slice);
      if (this.#catalogue.columns !== columns) return undefined;
      view.mend();
      view.step(slice);
      const row = this.#rowOf(browse, view);
      const tookMs = performance.now() - began;
      if (isEnough(view, row, browse, tookMs)) {
        return this.#window(browse, view, row ?? view.length);
      }
      yield* slice.rest();
    }
  }

  /** All bans are here, should there be room, and none that has ended. */
  *#ready(slice: Slice): Generator<undefined, void> {
    const catalogue = this.#catalogue;
    do {
      while (!catalogue.isComplete && !catalogue.isTooMuch) {
        catalogue.load();
        yield* slice.rest();
      }
      yield* this.#level("until", slice);
      catalogue.passEnded();
    } while (!catalogue.isComplete && !catalogue.isTooMuch);
  }

  /** Undefined: all was forgotten meanwhile. */
  *#viewOf(
    browse: Browse,
    slice: Slice,
  ): Generator<undefined, View | undefined> {
    const known = this.#views.known(browse);
    if (known !== undefined) return known;
    const { columns } = this.#catalogue;
    const orders = sortsFor(browse);
    while (orders.some((sort) => !this.#catalogue.order(sort).isLevel)) {
      for (const sort of orders) yield* this.#level(sort, slice);
    }
    if (this.#catalogue.columns !== columns) return undefined;
    return this.#views.begin(browse);
  }

  /** By the names of all feeds that there are: others may begin meanwhile. */
  *#level(sort: Sort, slice: Slice): Generator<undefined, void> {
    while (!this.#catalogue.order(sort).isLevel) {
      this.#catalogue.order(sort).step();
      yield* slice.rest();
    }
  }

  /** Where the window begins; undefined: it was not looked so far yet. */
  #rowOf({ start, ...order }: Browse, view: View): number | undefined {
    if ("at" in start) {
      const isThere = view.isComplete || view.length > start.at;
      return isThere ? Math.min(start.at, view.length) : undefined;
    }
    const known = { feeds: this.#catalogue.feeds, texts: this.#texts };
    return view.rowOf(placeOf(start, order, known));
  }

  #window(browse: Browse, view: View, row: number): BansWindow {
    const { limit, start, now } = browse;
    const { columns, feeds } = this.#catalogue;
    const names = namesFor(browse, feeds);
    const end = Math.min(view.length, row + limit);
    const bans: ListedBan[] = [];
    for (let at = row; at < end; at++) {
      bans.push(this.#banIn(view.slot(at), names, now));
    }
    const more =
      end < view.length ? columns.keyOf(view.slot(end)) : view.next();
    const isReached = row < view.length || view.isComplete;
    const again = !isReached && "from" in start ? start.from : undefined;
    return {
      ...{ bans, from: row, found: view.length },
      ...{ isWhole: view.isComplete, looked: view.scanned },
      of: view.order.list.length,
      next: again ?? (more && placeIn(more, names)),
    };
  }

  #banIn(slot: number, names: Names, now: number): ListedBan {
    const { columns } = this.#catalogue;
    const id = columns.feed[slot] ?? 0;
    const feed = nameOf(id, names);
    const cidr = columns.cidrOf(slot);
    const { text, at } = this.#texts.decision(columns.decision[slot] ?? 0);
    const flags = columns.flags[slot] ?? 0;
    const rings = isRinged(flags)
      ? this.#lookup.exact({ id, feed }, cidr, now)?.rings
      : undefined;
    return {
      ...{ feed, cidr, expiresAt: columns.until[slot] ?? 0 },
      observed: isObserved(flags),
      reason: this.#texts.reason(columns.reason[slot] ?? 0),
      ...(rings && { rings }),
      ...{ decision: text, since: at },
    };
  }
}

/** Of the feeds that a list may have bans of, by their numbers. */
type Names = ReadonlyMap<number, FeedName>;

function namesFor({ feeds: meant }: Browse, feeds: Feeds): Names {
  const may = meant && new Set(meant);
  const all = [...feeds.values()].filter(({ feed }) => may?.has(feed) ?? true);
  return new Map(all.map(({ id, feed }) => [id, feed]));
}

/** Rather no answer than one with what others' feeds have. */
function nameOf(id: number, names: Names): FeedName {
  const feed = names.get(id);
  if (feed !== undefined) return feed;
  throw new Error(`feed ${id} has a ban in a list of other feeds`);
}

/**
 * Whether there is enough to be answered with. A query is not looked through to its
 * end where that takes long: who asks sees how far it came, and asks on.
 */
function isEnough(
  view: View,
  row: number | undefined,
  { feeds, limit, terms }: Browse,
  tookMs: number,
): boolean {
  if (view.isComplete) return true;
  // Where looking goes on could be somebody else's ban.
  if (terms === undefined || feeds !== undefined) return false;
  const isFull = row !== undefined && view.length > row + limit;
  return tookMs > (isFull ? PATIENCE_MS : LONGEST_MS);
}

/** A window that is full waits so long for how many rows there are in all. */
const PATIENCE_MS = 50;
const LONGEST_MS = 500;

const placeIn = ({ feed, ...place }: BanKey, names: Names): BrowsePlace => ({
  feed: nameOf(feed, names),
  ...place,
});
