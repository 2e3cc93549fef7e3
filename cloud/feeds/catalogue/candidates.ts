import {
  lastAddressOf,
  widened,
  type Cidr,
} from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { BANS } from "../../query/lists/bans.js";
import { matcherOf, type Getters } from "../../query/match.js";
import { ANY, fieldOf } from "../../query/query.js";
import { timesOf } from "../../query/times.js";
import { rangeIn } from "../../query/values.js";
import { orgOf } from "../audience.js";
import type { Browse } from "./browsing.js";
import type { Catalogue } from "./catalogue.js";
import type { BanKey } from "./columns.js";
import { NO_FIELDS, type BansField, type BansTerm } from "./matching.js";
import { FIRST, LAST } from "./places.js";
import type { Sort } from "./sorts.js";
import type { Texts } from "./texts.js";

/** A piece of an order: its rows from one up to another. */
interface Piece {
  readonly sort: Sort;
  readonly from: number;
  readonly to: number;
}

/**
 * Slots among which all must be that is asked for, where one of the orders shows
 * that they are few; undefined: everything has to be looked at. All orders have to
 * be level.
 */
export function candidatesOf(
  browse: Browse,
  catalogue: Catalogue,
  texts: Texts,
): ReadonlySet<number> | undefined {
  let least: readonly Piece[] | undefined;
  let fewest = MOST + 1;
  for (const { pieces: piecesIn } of hintsOf(browse)) {
    const pieces = piecesIn(catalogue, texts);
    const count = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
    if (count < fewest) [least, fewest] = [pieces, count];
  }
  if (least === undefined) return undefined;
  const slots = new Set<number>();
  for (const { sort, from, to } of least) {
    const { list } = catalogue.order(sort);
    for (let row = from; row < to; row++) slots.add(list.at(row));
  }
  return slots;
}

/** So many are sorted within some ten milliseconds. */
const MOST = 20_000;

/** A condition that an order knows of, and where in it what is meant lies. */
interface Hint {
  readonly sort: Sort;
  readonly pieces: (catalogue: Catalogue, texts: Texts) => readonly Piece[];
}

/** The orders that have to be level for `candidatesOf`. */
export const sortsFor = (browse: Browse): readonly Sort[] =>
  hintsOf(browse).map(({ sort }) => sort);

function hintsOf(browse: Browse): readonly Hint[] {
  const { feeds, range, terms = [], now } = browse;
  return [
    ...(range === undefined ? [] : [hintOfRanges([range])]),
    ...(feeds === undefined || feeds.length > MOST_NAMED
      ? []
      : [hintOfFeeds(feeds)]),
    ...terms.flatMap((term) => hintOf(term, now) ?? []),
  ];
}

/** @param now Unix seconds */
function hintOf(term: BansTerm, now: number): Hint | undefined {
  const { not, field, values } = term;
  if (field === "feed" || field === "org") return hintOfWhose(term);
  if (not || values.includes(ANY)) return undefined;
  if (field === "range") {
    return hintOfRanges(values.flatMap((value) => rangeIn(value) ?? []));
  }
  if (field === "decision") return hintOfDecisions(values);
  if (field !== "until" && field !== "since") return undefined;
  return {
    sort: field,
    pieces: (catalogue, texts) =>
      values.map((value) =>
        withinTime({ ...term, field, value }, now, { catalogue, texts }),
      ),
  };
}

const hintOfRanges = (ranges: readonly Cidr[]): Hint => ({
  sort: "range",
  pieces: (catalogue) => ranges.flatMap((each) => meeting(each, catalogue)),
});

/** Of the feeds that a term holds of. */
function hintOfWhose(term: BansTerm): Hint {
  const asked = { list: BANS, terms: [term] };
  const holds = matcherOf(asked, WHOSE, 0);
  return {
    sort: "place",
    pieces: (catalogue) =>
      [...catalogue.feeds.values()]
        .filter(({ feed }) => holds(feed))
        .map(({ id }) => ofFeed(id, catalogue)),
  };
}

const WHOSE: Getters<FeedName, BansField> = {
  ...NO_FIELDS,
  ...{ feed: (feed) => feed, org: orgOf },
};

/** Undefined where one of them names several. */
function hintOfDecisions(named: readonly string[]): Hint | undefined {
  if (named.some((each) => each.includes(ANY))) return undefined;
  return {
    sort: "since",
    pieces: (catalogue, texts) =>
      named.flatMap((each) => {
        const decision = texts.numberOf(each);
        if (decision === undefined) return [];
        const from = { ...FIRST, decision };
        return [
          pieceOf("since", catalogue, { from, to: { ...LAST, decision } }),
        ];
      }),
  };
}

const hintOfFeeds = (feeds: readonly FeedName[]): Hint => ({
  sort: "place",
  pieces: (catalogue) =>
    feeds.flatMap((feed) => {
      const id = catalogue.feeds.get(feed)?.id;
      return id === undefined ? [] : ofFeed(id, catalogue);
    }),
});

const MOST_NAMED = 64;

/** Bans that hold a range, on it and in it. */
function meeting(range: Cidr, catalogue: Catalogue): readonly Piece[] {
  const last = lastAddressOf(range);
  const inside = pieceOf("range", catalogue, {
    from: { ...FIRST, cidr: { ...range, prefix: 0 } },
    to: { ...LAST, cidr: last },
  });
  const outside = Array.from({ length: range.prefix }, (_, prefix) => {
    const cidr = { ...widened(range, prefix), prefix };
    const from = { ...FIRST, cidr };
    return pieceOf("range", catalogue, { from, to: { ...LAST, cidr } });
  });
  return [inside, ...outside];
}

const ofFeed = (feed: number, catalogue: Catalogue): Piece =>
  pieceOf("place", catalogue, {
    from: { ...FIRST, feed },
    to: { ...LAST, feed },
  });

/** @param now Unix seconds */
function withinTime(
  {
    field,
    op,
    value,
  }: Pick<BansTerm, "op"> & {
    readonly field: "until" | "since";
    readonly value: string;
  },
  now: number,
  {
    catalogue,
    texts,
  }: { readonly catalogue: Catalogue; readonly texts: Texts },
): Piece {
  const spec = fieldOf(BANS, field) ?? {};
  const { from, to } = timesOf(op, value, spec, now * 1_000);
  const edge = (at: number): BanKey =>
    field === "until"
      ? { ...FIRST, until: at / 1_000 }
      : { ...FIRST, decision: texts.firstSince(at) ?? LAST.decision };
  return pieceOf(field, catalogue, { from: edge(from), to: edge(to) });
}

/** What an order has from a place up to another. */
function pieceOf(
  sort: Sort,
  catalogue: Catalogue,
  { from, to }: { readonly from: BanKey; readonly to: BanKey },
): Piece {
  const { list, compare } = catalogue.order(sort);
  const { columns } = catalogue;
  return {
    sort,
    from: list.lowerBound(columns.probe(from), compare),
    to: list.upperBound(columns.probe(to), compare),
  };
}
