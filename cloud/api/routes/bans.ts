import * as v from "valibot";
import type { FeedName } from "../../../agent/model/position.js";
import { orgOf } from "../../feeds/audience.js";
import { banEffects } from "../../decide/effects.js";
import type { Caller } from "../../operators/caller.js";
import { Reason, RingWaits, Term } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { Seconds, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { banExportRoutes } from "./ban-export.js";
import { banListRoutes } from "./ban-list.js";
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
  ...banListRoutes(ports),
  ...banExportRoutes(ports),
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
