import { bits, lastAddressOf } from "../../../agent/model/cidr.js";
import type { Browse, Start } from "./browsing.js";
import type { Feeds } from "./catalogue.js";
import type { BanKey } from "./columns.js";
import { LAST_FEED } from "./sorts.js";
import type { Texts } from "./texts.js";

type Place = Exclude<Start, { readonly at: number }>;
type Direction = Pick<Browse, "sort" | "descending">;

interface Known {
  readonly feeds: Feeds;
  readonly texts: Texts;
}

/**
 * The place that a window is to begin at: before all bans that are alike in what was
 * asked for, seen from the end that the list begins at.
 */
export function placeOf(
  start: Place,
  { sort, descending }: Direction,
  { feeds, texts }: Known,
): BanKey {
  if ("from" in start) {
    const { feed, ...place } = start.from;
    return { feed: feeds.get(feed)?.id ?? 0, ...place };
  }
  const edge = descending ? LAST : FIRST;
  if ("toFeed" in start) {
    return { ...edge, feed: feeds.get(start.toFeed)?.id ?? 0 };
  }
  if ("toRange" in start) {
    const { toRange } = start;
    const cidr = descending
      ? lastAddressOf(toRange)
      : { ...toRange, prefix: 0 };
    return { ...edge, cidr };
  }
  const { toTime } = start;
  if (sort === "until") return { ...edge, until: toTime / 1_000 };
  return { ...edge, decision: decisionAt(toTime, descending, texts) };
}

/** The number of the first decision at a time or behind it, or of the last before. */
function decisionAt(time: number, descending: boolean, texts: Texts): number {
  const behind = texts.firstSince(descending ? time + 1 : time);
  const first = behind ?? LAST.decision;
  return descending ? first - 1 : first;
}

/** Before and behind all that there may be. */
export const FIRST: BanKey = {
  ...{ feed: 0, until: 0, decision: 0 },
  cidr: { family: 4, prefix: 0, address: new Uint8Array(4) },
};
export const LAST: BanKey = {
  ...{ feed: LAST_FEED, until: Infinity, decision: 0xffff_ffff },
  cidr: {
    ...{ family: 6, prefix: bits(6) },
    address: new Uint8Array(16).fill(0xff),
  },
};
