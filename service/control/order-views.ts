import { FOREVER } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { WentBack } from "../../agent/walks/operator/rollbacks.js";
import { isoTime } from "../../agent/text/time.js";
import { orderView, type OrderedView } from "./history-view.js";

/** A ban as answers to orders name it. */
export interface BanName {
  readonly range: string;
  readonly feed: string;
}

/** What `POST /v1/release` answers. */
export interface ReleaseView {
  readonly range: string;
  /** ISO 8601; null for good. */
  readonly until: string | null;
  /** Bans on it, around it or within it, which are out of force until then. */
  readonly bans: readonly BanName[];
  readonly more: boolean;
}

/** What `POST /v1/ban` answers. */
export interface BannedView {
  readonly range: string;
  /** ISO 8601. */
  readonly until: string;
  /** Until when this host banned exactly this range before; null for not. */
  readonly was: string | null;
}

/** What `POST /v1/lift` answers; `done` is false when this host did not ban it. */
export interface LiftedView {
  readonly range: string;
  readonly done: boolean;
  /** Bans on it, around it or within it that stay, this host's or of others. */
  readonly still: readonly BanName[];
  readonly more: boolean;
}

/** What its end answers; `done` is false when nothing was released. */
export interface EndedReleaseView extends Omit<ReleaseView, "until"> {
  readonly done: boolean;
  /** The guard's rule that keeps bans off it all the same. */
  readonly stillBy: string | null;
}

/** What `POST /v1/confirm` answers. */
export interface ConfirmedView {
  /** How many bans are enforced now. */
  readonly confirmed: number;
  /** How many another rule holds, by rule. */
  readonly held: Readonly<Record<string, number>>;
}

/** Unix seconds as ISO 8601; null for what has no end. */
export const endOf = (until: number): string | null =>
  until >= FOREVER ? null : isoTime(until * 1_000);

/** What `POST /v1/rollback` answers. */
export interface WentBackView {
  /** Of the ledger, from now on; 0 for a dry run. */
  readonly revision: number;
  /** The revision whose ruleset is in force again, or would be. */
  readonly to: number;
  readonly dryRun: boolean;
  readonly withheld: number;
  readonly putBack: number;
  /** Ranges that could not be put back, as the guard protects them. */
  readonly guarded: number;
  /** Ranges that are as they were. */
  readonly unchanged: number;
  /** The newest orders that were taken back, and how many there are. */
  readonly orders: readonly OrderedView[];
  readonly orderCount: number;
  /** The first ranges, with what came of each. */
  readonly ranges: readonly RangeFateView[];
}

export interface RangeFateView {
  readonly range: string;
  readonly fate: WentBack["ranges"][number]["fate"];
  /** Bans around it that are in force all the same. */
  readonly still: readonly BanName[];
}

export function wentBackView(
  done: WentBack,
  { dryRun = false }: { readonly dryRun?: boolean | undefined },
): WentBackView {
  const { revision, to, withheld, putBack, counts, orderCount } = done;
  return {
    ...{ revision, to, dryRun, withheld, putBack },
    guarded: counts.guarded,
    unchanged: counts.same,
    orders: done.orders.map(orderView),
    orderCount,
    ranges: done.ranges.map(({ cidr, fate, still }) => ({
      ...{ range: formatCidr(cidr), fate },
      still: still.map((ban) => ({
        range: formatCidr(ban.cidr),
        feed: ban.feed,
      })),
    })),
  };
}
