import type { FeedName } from "../../../agent/model/position.js";
import type { Cidr } from "../../../agent/model/cidr.js";
import type { RingTimes } from "../../../agent/model/rings.js";
import type { BansTerm } from "./matching.js";
import type { Sort } from "./sorts.js";

/** Which bans to list, in which order, and what of them. */
export interface Browse {
  /** Undefined: of all feeds. */
  readonly feeds: readonly FeedName[] | undefined;
  /** Bans that hold the range, on it, and in it. */
  readonly range: Cidr | undefined;
  /** Of a query: all of them have to hold. */
  readonly terms: readonly BansTerm[] | undefined;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly start: Start;
  readonly limit: number;
  /** Unix seconds. */
  readonly now: number;
}

/** Where a window of a list begins. */
export type Start =
  /** At this row, the first being 0. */
  | { readonly at: number }
  /** Where a feed begins, by place. */
  | { readonly toFeed: FeedName }
  /** At this range or the first behind it, by range. */
  | { readonly toRange: Cidr }
  /** At this time or the first behind it: milliseconds since 1970. */
  | { readonly toTime: number }
  | { readonly from: BrowsePlace };

/** A ban's place in a list, wherever others come and go. */
export interface BrowsePlace {
  readonly feed: FeedName;
  readonly cidr: Cidr;
  /** Unix seconds; 0 where the order does not go by it. */
  readonly until: number;
  /** The decision's number; 0 where the order does not go by it. */
  readonly decision: number;
}

/** A ban that stands, and when it was decided. */
export interface ListedBan {
  readonly feed: FeedName;
  readonly cidr: Cidr;
  readonly expiresAt: number;
  readonly observed: boolean;
  readonly reason: string;
  readonly rings?: RingTimes;
  readonly decision: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Some rows of a list. */
export interface BansWindow {
  readonly bans: readonly ListedBan[];
  /** The number of the first of them, or of where it would be. */
  readonly from: number;
  /** How many rows there are, as far as it was looked. */
  readonly found: number;
  /** Whether everything was looked at. */
  readonly isWhole: boolean;
  /** How many bans were looked at, of how many. */
  readonly looked: number;
  readonly of: number;
  /**
   * Where the next window begins, or looking goes on: there may be nothing behind
   * it that is sought. Undefined after the last.
   */
  readonly next: BrowsePlace | undefined;
}
