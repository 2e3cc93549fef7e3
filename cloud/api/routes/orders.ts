import * as v from "valibot";
import type { Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { Decision, Terms } from "../../decide/deeds.js";
import type { Caller } from "../../operators/caller.js";
import { includes } from "../../operators/roles.js";
import { CloudFeed, Range, Ranges } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { mustBeOrderable, usualFeed } from "../scope.js";
import { Seconds, Time, Whole } from "../table/answer.js";

/** What orders to ban, lift and import have in common. */

/** Where an order goes, and of what ranges it is: one, several, or both. */
export const rangeFields = {
  range: v.optional(Range),
  ranges: v.optional(Ranges),
  feed: v.optional(CloudFeed),
};

/** Where an order stands in its feed, should it have changed anything. */
export const placed = {
  /** Null: nothing had to be changed, or nothing was to be done. */
  decision: v.nullable(v.string()),
  feed: v.string(),
  epoch: v.string(),
  offset: Whole,
  decidedAt: v.nullable(Time),
  /** Nothing was done: this is what would be. */
  dryRun: v.boolean(),
};

/** When hosts begin, ring by ring. */
export const Rings = v.object({
  canary: Seconds,
  early: Seconds,
  broad: Seconds,
  all: Seconds,
});

/**
 * The feed that a caller orders in.
 * @param usual where they name none, of the vendor's people
 * @throws ApiProblem when it is not there for them
 */
export function orderedIn(
  caller: Caller,
  named: FeedName | undefined,
  usual: FeedName,
  ports: OperatorApiPorts,
): FeedName {
  const feed = named ?? usualFeed(caller, usual);
  mustBeOrderable(caller, feed, ports);
  return feed;
}

/** @throws ApiProblem when there is none */
export function rangesOf(order: {
  readonly range?: Cidr | undefined;
  readonly ranges?: readonly Cidr[] | undefined;
}): readonly Cidr[] {
  const { range, ranges = [] } = order;
  const all = range === undefined ? ranges : [range, ...ranges];
  if (all.length > 0) return all;
  throw problem(400, "invalid", {
    field: "range",
    value: undefined,
    message: "range: a range, or several as ranges, is needed",
  });
}

/** @throws ApiProblem where all hosts at once is not the caller's to order */
export function termsOf(
  { role, name }: Pick<Caller, "role" | "name">,
  order: {
    readonly for: number | undefined;
    readonly reason: string;
    readonly observe: boolean;
    readonly noRings: boolean;
  },
): Terms {
  const { for: forSeconds, reason, observe: observed, noRings } = order;
  const terms = { forSeconds, reason, observed };
  if (!noRings) return terms;
  if (includes(role, "approver")) return { ...terms, atOnce: true };
  throw problem(403, "not-allowed", {
    field: "noRings",
    value: noRings,
    message: `noRings: takes the role approver, and ${name} is ${role}: order it ring by ring`,
  });
}

/** Where nothing was decided, the feed stands where it stood. */
export function placeOf(
  decision: Decision | undefined,
  feed: FeedName,
  { index }: Pick<OperatorApiPorts, "index">,
) {
  if (decision !== undefined) return decision;
  const { epoch, offset } = index.standing(feed) ?? { epoch: "", offset: 0 };
  return { decision: null, feed, epoch, offset, decidedAt: null };
}

/** The guard's rule that waits for an approval. */
export const WIDE = "needs-approval";

/** 201 where something was made, 200 where nothing had to be. */
export const statusOf = (decision: Decision | undefined): 200 | 201 =>
  decision === undefined ? 200 : 201;

/** Answers with either, in one shape. */
export const madeOrNot = <S extends v.GenericSchema>(schema: S) =>
  ({
    200: { description: "Nothing had to be changed, or was to be", schema },
    201: { description: "It is decided, and on its way to the hosts", schema },
  }) as const;
