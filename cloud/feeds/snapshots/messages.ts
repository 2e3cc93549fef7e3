import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { BroughtRange } from "../../lists/replacement.js";
import type { BansWindow, Browse } from "../catalogue/browsing.js";
import type { BansPage, BansQuery } from "./ban-listing.js";
import type { BanCounts } from "./ban-state.js";
import type { SnapshotEntry } from "./snapshot-cache.js";

/** What the state's thread is given at its start. */
export interface StateSetup {
  readonly decisions: string;
  readonly bans: string;
  readonly snapshots: string;
  /** PKCS #8 of the content keys. */
  readonly contentKeys: readonly string[];
}

export type StateQuestion =
  | { readonly ask: "snapshots" }
  | { readonly ask: "build"; readonly feed: FeedName; readonly now: number }
  | { readonly ask: "sign-with"; readonly contentKeys: readonly string[] }
  | { readonly ask: "counts" }
  | { readonly ask: "caught-up" }
  | { readonly ask: "bans"; readonly query: BansQuery }
  | { readonly ask: "browse"; readonly of: Browse }
  | {
      readonly ask: "covered";
      readonly feeds: readonly FeedName[];
      readonly range: Cidr;
    }
  | { readonly ask: "brought"; readonly of: ListPage }
  | { readonly ask: "holding"; readonly of: ListsAsked };

/** Which of some lists hold a range, in any of the feeds. */
export interface ListsAsked {
  readonly feeds: readonly FeedName[];
  readonly lists: readonly string[];
  readonly range: Cidr;
  /** Unix seconds. */
  readonly now: number;
}

/** The next so many ranges that a list brought. */
export interface ListPage {
  readonly feed: FeedName;
  readonly list: string;
  readonly after: Cidr | undefined;
  readonly limit: number;
  /** Unix seconds: what has expired by then is left out. */
  readonly now: number;
}

export type StateAnswer =
  | { readonly snapshots: readonly SnapshotEntry[] }
  | {
      readonly built: SnapshotEntry;
      readonly snapshots: readonly SnapshotEntry[];
    }
  | { readonly counts: Readonly<Record<string, BanCounts>> }
  | { readonly coveredUntil: number }
  | { readonly brought: readonly BroughtRange[] }
  | { readonly holding: readonly string[] }
  | { readonly caughtUp: true }
  | { readonly page: BansPage }
  | { readonly window: BansWindow }
  /** There are too many bans to be shown like that. */
  | { readonly window: undefined };
