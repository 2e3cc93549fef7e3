import * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import type { Share } from "../../coverage/tally.js";
import type { DecisionEntry } from "../../decide/decision-log.js";
import type { ListedBan } from "../../feeds/catalogue/browsing.js";
import type { StandingBan } from "../../feeds/snapshots/ban-lookup.js";
import type { Caller } from "../../operators/caller.js";
import { includes } from "../../operators/roles.js";
import { BANS } from "../../query/lists/bans.js";
import {
  JumpTo,
  Place,
  bansAsked,
  placeTold,
  sortNames,
  windowOf,
} from "../asked/bans.js";
import { CloudFeed, Range, YesOrNo, limitOf, wholeNumber } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { QueryOf } from "../query-field.js";
import { mustBeReadable, nameSeen, readableFeeds } from "../scope.js";
import {
  Cursor,
  Seconds,
  Time,
  Whole,
  cursorOf,
  pageOf,
} from "../table/answer.js";
import { answer, route, type Call, type Route } from "../table/route.js";
import { share } from "./coverage.js";
import { Rings } from "./orders.js";

/** A ban that stands. */
export const Ban = v.object({
  range: v.string(),
  feed: v.string(),
  until: Seconds,
  observed: v.boolean(),
  rings: v.nullable(Rings),
  reason: v.string(),
  decision: v.string(),
  /** When it was decided, where `q`, `sort`, `desc`, `at` or `to` was given. */
  since: v.optional(Time),
  /**
   * Who ordered it, where `since` is told: of a page's first 100 decisions; null
   * where one need not know, or the decision was erased.
   */
  by: v.optional(v.nullable(v.string())),
  /** Of its decision, where `coverage` was asked for and is known. */
  coverage: v.optional(v.object(share)),
});

export const BansPage = v.object({
  ...pageOf(Ban).entries,
  /** On all pages; while `scanned` is less than 1, so many were found as yet. */
  total: Whole,
  /** The row of the first item, the first of all being 0. */
  from: v.optional(Whole),
  /** How much of what stands was looked at, from 0 to 1. */
  scanned: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
});

const BansQuery = v.strictObject({
  limit: limitOf(50),
  feed: v.optional(CloudFeed),
  range: v.optional(Range),
  q: v.optional(QueryOf(BANS)),
  sort: v.optional(v.picklist(sortNames)),
  /** From the other end. */
  desc: v.optional(YesOrNo),
  /** The row that the page begins at, the first being 0. */
  at: v.optional(wholeNumber()),
  to: v.optional(JumpTo),
  /** With how many of the hosts hold it: of a page's first 100 decisions. */
  coverage: v.optional(YesOrNo, "false"),
  cursor: v.optional(Cursor(Place)),
});

/** Bans, as they are listed. */
export const banListRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/bans", operationId: "listBans", tag: "Bans" },
    summary: "What is banned: all, or what holds a range and lies in it",
    description: ASKED,
    ...{ allows: "partner", scope: "own" },
    query: BansQuery,
    answers: {
      200: { description: "By feed, width and address", schema: BansPage },
    },
    problems: [404, 409, 429],
    handle: async (call) => answer(200, await listed(call, ports)),
  }),
];

const ASKED =
  "A window begins where `at` says, at what `to` names (an address by `sort=range`, a time by `until` or `newest`, a feed by `place`), or at `cursor`. What takes long is answered in several parts: while `scanned` is less than 1, ask the same again, or by `next`, for more.";

type BansCall = Pick<
  Call<Caller, typeof BansQuery, undefined>,
  "caller" | "query" | "context"
>;

async function listed(call: BansCall, ports: OperatorApiPorts) {
  const { items: bans, ...page } = isBrowsed(call.query)
    ? await browsed(call, ports)
    : await byPlace(call, ports);
  const isViewer = includes(call.caller.role, "viewer");
  const isCovered = isViewer && call.query.coverage;
  const shares = await sharesOf(isCovered ? bans : [], call, ports);
  const isNamed = isViewer && isBrowsed(call.query);
  const names = isNamed ? namesOf(bans, call, ports) : undefined;
  const items = bans.map((ban) => {
    const coverage = shares.get(ban.decision);
    return {
      ...shown(ban),
      ...(names && { by: names.get(ban.decision) ?? null }),
      ...(coverage && { coverage }),
    };
  });
  return { items, ...page };
}

const isBrowsed = ({ q, sort, desc, at, to }: BansCall["query"]): boolean =>
  [q, sort, desc, at, to].some((each) => each !== undefined);

async function byPlace({ caller, query }: BansCall, ports: OperatorApiPorts) {
  const { range, limit, cursor } = query;
  const { bans, total, next } = await ports.state.bans({
    ...{ feeds: feedsOf(caller, query.feed, ports), range, limit },
    now: unixSeconds(ports.clock.now()),
    from: cursor && { feed: cursor.feed, cidr: cursor.range },
  });
  const after =
    next && cursorOf({ feed: next.feed, range: formatCidr(next.cidr) });
  return { items: bans, next: after ?? null, total };
}

async function browsed(
  { caller, query, context }: BansCall,
  ports: OperatorApiPorts,
) {
  const { limit } = query;
  const asked = bansAsked(query, feedsOf(caller, query.feed, ports));
  const { signal } = context.req.raw;
  const window = await ports.browseGate.run(caller, signal, () =>
    windowOf({ ...asked, limit }, ports, signal),
  );
  const { bans, from, total, scanned, next } = window;
  return {
    ...{ items: bans, from, total, scanned },
    next: next === undefined ? null : cursorOf(placeTold(next)),
  };
}

/** @throws ApiProblem when there is no such feed, or none that the caller reads */
export const feedsOf = (
  caller: Caller,
  feed: FeedName | undefined,
  ports: OperatorApiPorts,
): readonly FeedName[] | undefined => {
  if (feed === undefined) return readableFeeds(caller, ports);
  mustBeReadable(caller, feed, ports);
  return [feed];
};

/** Who holds the decisions of bans, on the hosts that the caller sees. */
async function sharesOf(
  bans: readonly StandingBan[],
  { caller, context }: BansCall,
  { coverage, coverageGate, decisionLog }: OperatorApiPorts,
): Promise<ReadonlyMap<string, Share>> {
  const decisions = decisionsOf(bans, decisionLog);
  if (decisions.length === 0) return new Map();
  const { signal } = context.req.raw;
  const covered = await coverageGate.run(caller, signal, async () =>
    coverage.ofAll(decisions, await coverage.round(caller.org, signal)),
  );
  return new Map(covered.map((each) => [each.decision.decision, each]));
}

/** Who ordered the decisions of bans, as far as the caller may know. */
const namesOf = (
  bans: readonly StandingBan[],
  { caller }: BansCall,
  { decisionLog }: OperatorApiPorts,
): ReadonlyMap<string, string | null> =>
  new Map(
    decisionsOf(bans, decisionLog).map((each) => [
      each.decision,
      nameSeen(caller, each),
    ]),
  );

const decisionsOf = (
  bans: readonly StandingBan[],
  decisionLog: OperatorApiPorts["decisionLog"],
): readonly DecisionEntry[] => {
  const ids = [...new Set(bans.map(({ decision }) => decision))];
  return ids
    .slice(0, MOST_DECISIONS)
    .flatMap((id) => decisionLog.decision(id) ?? []);
};

/** Each decision is read, and may be looked up on all hosts. */
const MOST_DECISIONS = 100;

const shown = ({ cidr, expiresAt, rings, ...ban }: ShownBan) => ({
  range: formatCidr(cidr),
  ...ban,
  until: expiresAt,
  rings: rings ?? null,
});

type ShownBan = StandingBan & Partial<Pick<ListedBan, "since">>;
