import type { AgentView } from "../../agent/agent.js";
import type { Order } from "../../agent/ledger/revisions.js";
import { FOREVER } from "../../agent/model/ban.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { unixSeconds, type BanClock } from "../../agent/runtime/clock.js";
import { isoTime } from "../../agent/text/time.js";

/** One of what `tourniquet history` lists: a decision, however it came. */
export interface OrderedView {
  /** The number that it goes by: its first revision. */
  readonly order: number;
  readonly lastRevision: number;
  /** ISO 8601. */
  readonly at: string;
  readonly cause: string;
  /** Whose segments or snapshot it was; null for what the host did itself. */
  readonly feed: string | null;
  readonly reason: string;
  /** Of a rollback: the revision that it went back to. */
  readonly target: number | null;
  /** How many ranges it changed. */
  readonly changed: number;
  readonly banned: number;
  readonly observed: number;
  readonly lifted: number;
  readonly held: number;
}

export interface HistoryView {
  /** The earliest revision that can be gone back to. */
  readonly from: number;
  /** What `tourniquet rollback` goes back to by itself. */
  readonly last: number | null;
  readonly orders: readonly OrderedView[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

/** One of what `tourniquet release --list` prints. */
export interface ReleasedView {
  readonly range: string;
  readonly since: string;
  /** Null for good: it is allowed. */
  readonly until: string | null;
  readonly reason: string;
}

/** One of what `tourniquet history --orders` prints. */
export interface OrderView {
  readonly at: string;
  readonly who: string;
  readonly what: string;
  /** "done", or why not; null for what is under way or was cut off. */
  readonly outcome: string | null;
}

export function historyOf({ ledger }: AgentView, limit: number): HistoryView {
  const { from, last } = ledger.overrides.reach();
  const orders = ledger.overrides.history(limit + 1);
  return {
    ...{ from, last: last ?? null },
    orders: orders.slice(0, limit).map(orderView),
    more: orders.length > limit,
  };
}

export function orderView({ id, last, at, ...order }: Order): OrderedView {
  return { order: id, lastRevision: last, at: isoTime(at * 1_000), ...order };
}

export function releasesOf({
  agent,
  clock,
}: {
  readonly agent: AgentView;
  readonly clock: BanClock;
}): readonly ReleasedView[] {
  const releases = agent.ledger.overrides.releases(unixSeconds(clock.now()));
  return releases.map(({ cidr, since, until, reason }) => ({
    range: formatCidr(cidr),
    since: isoTime(since * 1_000),
    until: until >= FOREVER ? null : isoTime(until * 1_000),
    reason,
  }));
}

export const ordersOf = (
  { ledger }: AgentView,
  limit: number,
): readonly OrderView[] =>
  ledger.overrides
    .orders(limit)
    .map(({ at, ...order }) => ({ at: isoTime(at * 1_000), ...order }));
