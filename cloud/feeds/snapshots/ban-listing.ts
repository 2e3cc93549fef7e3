import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import {
  allOf,
  around,
  type BanLookup,
  type FeedRef,
  type StandingBan,
} from "./ban-lookup.js";

/** Which bans to list; undefined is any. */
export interface BansQuery {
  readonly feeds: readonly FeedName[] | undefined;
  /** Bans that hold the range, on it, and in it. */
  readonly range: Cidr | undefined;
  readonly limit: number;
  /** Where the page begins, as the one before it says. */
  readonly from: BanPlace | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** A ban's place in the order of the listing. */
export interface BanPlace {
  readonly feed: FeedName;
  readonly cidr: Cidr;
}

export interface BansPage {
  /** By feed, family, prefix length and address. */
  readonly bans: readonly StandingBan[];
  /** How many there are on all pages. */
  readonly total: number;
  /** Where the next page begins; undefined after the last. */
  readonly next: BanPlace | undefined;
}

/** One page of the bans that are asked for. */
export function listBans(lookup: BanLookup, query: BansQuery): BansPage {
  const { limit, from, now } = query;
  const parts = partsOf(lookup, query);
  const total = parts
    .map((part) => countOf(lookup, part, now))
    .reduce((sum, each) => sum + each, 0);
  const bans: StandingBan[] = [];
  for (const part of from ? partsFrom(parts, from) : parts) {
    for (const ban of bansOf(lookup, part, now)) {
      if (bans.length === limit) {
        return { bans, total, next: { feed: ban.feed, cidr: ban.cidr } };
      }
      bans.push(ban);
    }
  }
  return { bans, total, next: undefined };
}

/** A piece of the listing: one ban around what is asked for, or all in it. */
interface Part {
  readonly kind: "around" | "within";
  readonly feed: FeedRef;
  readonly range: Cidr;
  /** Of those within, only from here on. */
  readonly from?: Cidr;
}

function partsOf(
  lookup: BanLookup,
  { feeds, range }: BansQuery,
): readonly Part[] {
  const meant = [...lookup.feeds().values()].filter(
    ({ feed }) => feeds?.includes(feed) ?? true,
  );
  return meant.flatMap((each): readonly Part[] => {
    if (range === undefined) {
      return FAMILIES.map((family) => ({
        ...{ kind: "within", feed: each, range: allOf(family) },
      }));
    }
    const wider = lookup
      .widths(each.id, range.family)
      .filter((width) => width < range.prefix);
    return [
      ...around(range, wider).map((outer): Part => ({
        ...{ kind: "around", feed: each, range: outer },
      })),
      { kind: "within", feed: each, range },
    ];
  });
}

const FAMILIES = [4, 6] as const;

/** What is left of the listing from a place on, wherever that lies. */
function partsFrom(
  parts: readonly Part[],
  { feed, cidr }: BanPlace,
): readonly Part[] {
  return parts.flatMap((part): readonly Part[] => {
    const { family, prefix } = part.range;
    if (part.feed.feed !== feed) return part.feed.feed > feed ? [part] : [];
    if (family !== cidr.family) return family > cidr.family ? [part] : [];
    if (part.kind === "around") return prefix >= cidr.prefix ? [part] : [];
    return [{ ...part, from: cidr }];
  });
}

function* bansOf(
  lookup: BanLookup,
  { kind, feed, range, from }: Part,
  now: number,
): Generator<StandingBan> {
  if (kind === "within") {
    yield* lookup.within(feed, range, now, from);
    return;
  }
  const found = lookup.exact(feed, range, now);
  if (found !== undefined) yield found;
}

const countOf = (lookup: BanLookup, part: Part, now: number): number =>
  part.kind === "within"
    ? lookup.count(part.feed, part.range, now)
    : Number(lookup.exact(part.feed, part.range, now) !== undefined);
