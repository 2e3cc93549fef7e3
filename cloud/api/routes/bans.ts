import * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import { orgOf } from "../../feeds/audience.js";
import { banEffects } from "../../decide/effects.js";
import type { Share } from "../../coverage/tally.js";
import type { StandingBan } from "../../feeds/snapshots/ban-lookup.js";
import type { Caller } from "../../operators/caller.js";
import { includes } from "../../operators/roles.js";
import {
  CloudFeed,
  Range,
  Reason,
  RingWaits,
  Term,
  YesOrNo,
  limitOf,
} from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { mustBeReadable, readableFeeds } from "../scope.js";
import { share } from "./coverage.js";
import { Cursor, Seconds, Whole, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Call, type Route } from "../table/route.js";
import {
  WIDE,
  Rings,
  orderedIn,
  placeOf,
  placed,
  rangeFields,
  rangesOf,
  statusOf,
  termsOf,
} from "./orders.js";
import { Why, judged, orderedOrWaits, waitsAnswer } from "./two-persons.js";

export const BanOrder = v.strictObject({
  ...rangeFields,
  for: v.optional(Term, "4h"),
  reason: v.optional(Reason, ""),
  /** Hosts are to count and report, and drop nothing. */
  observe: v.optional(v.boolean(), false),
  /** Bans that last longer, or drop what this only observes, give way to it. */
  replace: v.optional(v.boolean(), false),
  rings: v.optional(RingWaits),
  /** Of an approver: what is wide is everybody's at once, too. */
  noRings: v.optional(v.boolean(), false),
  dryRun: v.optional(v.boolean(), false),
  /** Of an admin: it is carried out at once, for a day at most, and reviewed. */
  breakGlass: v.optional(Why),
});
export type BanOrder = v.InferOutput<typeof BanOrder>;

/** What an order did, or would do, to one range. */
const RangeBanned = v.object({
  range: v.string(),
  effect: v.picklist(banEffects),
  until: Seconds,
  observed: v.boolean(),
  /** Null: all hosts at once, or all have begun. */
  rings: v.nullable(Rings),
  /** What stood on it. */
  before: v.nullable(
    v.object({ until: Seconds, observed: v.boolean(), decision: v.string() }),
  ),
  /** The rule by which hosts with usual settings hold it. */
  held: v.nullable(v.string()),
});

export const BanAnswer = v.object({
  ...placed,
  ...judged,
  /** Ranges that wait for the critical keys' approval. */
  unapproved: Whole,
  effects: v.array(RangeBanned),
  rings: v.nullable(Rings),
});

/** A ban that stands. */
export const Ban = v.object({
  range: v.string(),
  feed: v.string(),
  until: Seconds,
  observed: v.boolean(),
  rings: v.nullable(Rings),
  reason: v.string(),
  decision: v.string(),
  /** Of its decision, where `coverage` was asked for and is known. */
  coverage: v.optional(v.object(share)),
});

export const BansPage = v.object({
  ...pageOf(Ban).entries,
  /** On all pages. */
  total: Whole,
});

const BansQuery = v.strictObject({
  limit: limitOf(50),
  feed: v.optional(CloudFeed),
  range: v.optional(Range),
  /** With how many of the hosts hold it: of a page's first 100 decisions. */
  coverage: v.optional(YesOrNo, "false"),
  cursor: v.optional(Cursor(v.object({ feed: CloudFeed, range: Range }))),
});

const TERMS =
  "A ban is neither shortened nor weakened without `replace`. One without an end lasts until 9999-12-31T23:59:59.000Z. Where no feed is named: urgent, and their own feed for an org's operators.";

/** Bans: ordered, and listed. */
export const banRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/bans", operationId: "ban", tag: "Bans" },
    ...{ summary: "Bans ranges", description: TERMS },
    ...{ allows: "actuator", scope: "own", changes: true },
    body: BanOrder,
    answers: orderedOrWaits(BanAnswer),
    problems: [404, 409],
    handle: async ({ caller, body }) => ban(caller, body, ports),
  }),
  route({
    ...{ method: "GET", path: "/bans", operationId: "listBans", tag: "Bans" },
    summary: "What is banned: all, or what holds a range and lies in it",
    ...{ allows: "partner", scope: "own" },
    query: BansQuery,
    answers: {
      200: { description: "By feed, width and address", schema: BansPage },
    },
    problems: [404],
    handle: async (call) => answer(200, await listed(call, ports)),
  }),
];

async function ban(caller: Caller, order: BanOrder, ports: OperatorApiPorts) {
  const feed = orderedIn(caller, order.feed, "urgent", ports);
  const { replace, dryRun, rings: waits } = order;
  if (waits !== undefined) mustReadRings(feed, ports);
  const came = await ports.orders.ban(caller, {
    ...{ feed, ranges: rangesOf(order), replace, dryRun },
    terms: { ...termsOf(caller, order), waits },
    breakGlass: order.breakGlass,
  });
  if (came.kind === "waits") return waitsAnswer(came);
  const { done, dangers, glass, flows } = came;
  const { decision, effects, rings } = done;
  const unapproved = effects.filter(({ held }) => held === WIDE).length;
  const place = { ...placeOf(decision, feed, ports), dryRun };
  return answer(statusOf(decision), {
    ...{ ...place, unapproved, effects, rings: rings ?? null },
    ...{ dangers, glass, flows },
  });
}

/** @throws ApiProblem while agents follow the feed that can't read ring times */
export function mustReadRings(
  feed: FeedName,
  { registry }: Pick<OperatorApiPorts, "registry">,
): void {
  const readers = registry.readersOfV1Only(orgOf(feed)).map(({ id }) => id);
  if (readers.length === 0) return;
  const few = readers.slice(0, MOST_NAMED).join(", ");
  const more = readers.length - MOST_NAMED;
  throw problem(409, "read-by-version-1", {
    field: "rings",
    value: readers.length,
    message: `rings: these agents follow ${feed} and read only version 1 of the protocol: ${few}${more > 0 ? ` and ${more} more` : ""}; upgrade, revoke or forget them first`,
  });
}

/** Of agents that hold something back. */
const MOST_NAMED = 10;

async function listed(call: BansCall, ports: OperatorApiPorts) {
  const { caller, query } = call;
  const { feed, range, limit, cursor } = query;
  if (feed !== undefined) mustBeReadable(caller, feed, ports);
  const { bans, total, next } = await ports.state.bans({
    feeds: feed === undefined ? readableFeeds(caller, ports) : [feed],
    ...{ range, limit, now: unixSeconds(ports.clock.now()) },
    from: cursor && { feed: cursor.feed, cidr: cursor.range },
  });
  const after =
    next && cursorOf({ feed: next.feed, range: formatCidr(next.cidr) });
  const isAsked = query.coverage && includes(caller.role, "viewer");
  const shares = await sharesOf(isAsked ? bans : [], call, ports);
  const items = bans.map((ban) => {
    const coverage = shares.get(ban.decision);
    return coverage ? { ...shown(ban), coverage } : shown(ban);
  });
  return { items, next: after ?? null, total };
}

type BansCall = Pick<
  Call<Caller, typeof BansQuery, undefined>,
  "caller" | "query" | "context"
>;

/** Who holds the decisions of bans, on the hosts that the caller sees. */
async function sharesOf(
  bans: readonly StandingBan[],
  { caller, context }: BansCall,
  { coverage, coverageGate, decisionLog }: OperatorApiPorts,
): Promise<ReadonlyMap<string, Share>> {
  const ids = [...new Set(bans.map(({ decision }) => decision))];
  const decisions = ids
    .slice(0, MOST_COVERED)
    .flatMap((id) => decisionLog.decision(id) ?? []);
  if (decisions.length === 0) return new Map();
  const { signal } = context.req.raw;
  const covered = await coverageGate.run(caller, signal, () =>
    coverage.ofAll(decisions, caller.org),
  );
  return new Map(covered.map((each) => [each.decision.decision, each]));
}

/** Each decision is looked up on all hosts. */
const MOST_COVERED = 100;

const shown = ({ cidr, expiresAt, rings, ...ban }: StandingBan) => ({
  range: formatCidr(cidr),
  ...ban,
  until: expiresAt,
  rings: rings ?? null,
});
