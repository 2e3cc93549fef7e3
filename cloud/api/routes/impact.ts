import * as v from "valibot";
import { limits } from "../../../agent/protocol/limits.js";
import { CloudFeed, Ranges } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { orderedIn } from "./orders.js";
import { Danger } from "./two-persons.js";

const ImpactQuestion = v.strictObject({
  ranges: v.pipe(Ranges, v.maxLength(limits.impactRanges)),
  feed: v.optional(CloudFeed),
});

/** What a ban would cut, summed over the hosts that said. */
export const ImpactAnswer = v.object({
  /** Hosts that are connected and follow the feed. */
  asked: Whole,
  answered: Whole,
  /** Hosts that would not say, or could not; the others were silent. */
  refused: Whole,
  /** Hosts with at least one flow that is open now. */
  affected: Whole,
  /** Hosts with at least one that they began themselves. */
  affectedBegun: Whole,
  /** Flows that are open now, those that hosts began, the most on one host. */
  live: Whole,
  liveBegun: Whole,
  liveOnOne: Whole,
  /** Remote addresses that hosts spoke with lately, and called themselves. */
  recent: Whole,
  recentBegun: Whole,
  /** From when on `recent` is complete, everywhere; null without an answer. */
  since: v.nullable(Time),
  /** Hosts that could not look at all that is open: their flows may be more. */
  partial: Whole,
  /** What would have a ban that drops packets wait for a second person. */
  dangers: v.array(Danger),
});

/** What a ban would do, before it is ordered. */
export const impactRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/impact", operationId: "askImpact" },
    ...{
      tag: "Bans",
      summary: "Asks hosts what a ban would cut, and bans nothing",
    },
    description:
      "Answers once all hosts have, or after two seconds. Asked are the hosts that a ban in the feed would reach.",
    ...{ allows: "analyst", scope: "own" },
    body: ImpactQuestion,
    answers: { 200: { description: "What hosts said", schema: ImpactAnswer } },
    problems: [404],
    handle: async ({ caller, body: { feed, ranges } }) => {
      const asked = orderedIn(caller, feed, "urgent", ports);
      const share = caller.org ?? "";
      const order = { share, feed: asked, ranges };
      const impact = await ports.impact.ask(order);
      return answer(200, { ...impact, dangers: ports.orders.cuts(impact) });
    },
  }),
];
