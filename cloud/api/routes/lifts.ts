import * as v from "valibot";
import type { FeedName } from "../../../agent/model/position.js";
import type { RangeLifted } from "../../decide/effects.js";
import type { Caller } from "../../operators/caller.js";
import { Reason } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { mayOrder, mayRead } from "../scope.js";
import { Seconds, Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import {
  orderedIn,
  placeOf,
  placed,
  rangeFields,
  rangesOf,
  statusOf,
} from "./orders.js";
import { Why, judged, orderedOrWaits, waitsAnswer } from "./two-persons.js";

export const LiftOrder = v.strictObject({
  ...rangeFields,
  /** In whichever feed the ranges are banned: of those that are one's own. */
  allFeeds: v.optional(v.boolean(), false),
  /** Bans that lie in the ranges, too. */
  within: v.optional(v.boolean(), false),
  reason: v.optional(Reason, ""),
  dryRun: v.optional(v.boolean(), false),
  /** Of an admin: it is carried out at once, and reviewed. */
  breakGlass: v.optional(Why),
});
export type LiftOrder = v.InferOutput<typeof LiftOrder>;

/** What an order did, or would do, to one range. */
const RangeLifted = v.object({
  range: v.string(),
  /** Bans on it and, where that was asked for, in it: by feed. */
  lifted: v.record(v.string(), Whole),
  /** What still bans it, the widest first. */
  stillBy: v.array(
    v.object({
      feed: v.string(),
      range: v.string(),
      until: Seconds,
      observed: v.boolean(),
      decision: v.string(),
    }),
  ),
  /** Bans in it that stay; 1,000 stands for as many or more. */
  inside: Whole,
  /** Nobody could say what stood there; it was lifted all the same. */
  unchecked: v.boolean(),
});

export const LiftAnswer = v.object({
  ...placed,
  ...judged,
  allFeeds: v.boolean(),
  /** One of each feed in which something was lifted. */
  decisions: v.array(
    v.object({
      decision: v.string(),
      feed: v.string(),
      epoch: v.string(),
      offset: Whole,
      decidedAt: Time,
    }),
  ),
  effects: v.array(RangeLifted),
});

/** Bans are taken back before they expire. */
export const liftRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/lifts", operationId: "lift", tag: "Bans" },
    summary: "Lifts bans before they expire",
    description:
      "Takes back the bans on exactly these ranges, and says what bans them all the same. Where no feed is named: urgent, and their own feed for an org's operators.",
    ...{ allows: "actuator", scope: "own", changes: true },
    body: LiftOrder,
    answers: orderedOrWaits(LiftAnswer),
    problems: [404, 409],
    handle: async ({ caller, body }) => lift(caller, body, ports),
  }),
];

async function lift(caller: Caller, order: LiftOrder, ports: OperatorApiPorts) {
  const { reason, within, dryRun, allFeeds } = order;
  const feed = orderedIn(caller, order.feed, "urgent", ports);
  const came = await ports.orders.lift(caller, {
    ...{ reason, within, dryRun, breakGlass: order.breakGlass },
    feeds: allFeeds ? orderableFeeds(caller, ports) : [feed],
    ranges: rangesOf(order),
  });
  if (came.kind === "waits") return waitsAnswer(came);
  const { done, dangers, glass, flows } = came;
  const { decisions, effects } = done;
  const [first] = decisions;
  return answer(statusOf(first), {
    ...{ ...placeOf(first, feed, ports), dryRun, allFeeds, decisions },
    effects: effects.map((each) => asSeen(each, caller)),
    ...{ dangers, glass, flows },
  });
}

const orderableFeeds = (
  caller: Caller,
  { index }: OperatorApiPorts,
): readonly FeedName[] =>
  index.standings().flatMap(({ feed }) => (mayOrder(caller, feed) ? feed : []));

/** What others ban of a range is theirs to know. */
const asSeen = (each: RangeLifted, caller: Caller): RangeLifted => ({
  ...each,
  stillBy: each.stillBy.filter(({ feed }) => mayRead(caller, feed)),
});
