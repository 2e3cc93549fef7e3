import * as v from "valibot";
import type { OperatorApiPorts } from "../ports.js";
import { sees } from "../scope.js";
import { Time, Whole, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** What an org's word weighs in rules, and why. */
export const OrgWeight = v.object({
  org: v.string(),
  /** From 0 to 1. */
  weight: v.number(),
  /** Hosts that have been there long enough; no more than are needed are counted. */
  hosts: Whole,
  hostsNeeded: Whole,
  /** Attackers that other orgs saw as well; no more than are needed are counted. */
  confirmed: Whole,
  confirmedNeeded: Whole,
  /** Who answers for it; null: nobody does. */
  vouch: v.nullable(
    v.object({
      by: v.string(),
      why: v.string(),
      vouchedAt: Time,
      expiresAt: Time,
    }),
  ),
  /** How many orgs came within a day of it, and weigh as one; 0: few. */
  batch: Whole,
  /** What it had a part in that was found wrong, newest first. */
  blames: v.array(
    v.object({
      /** A decision, or a proposal. */
      id: v.string(),
      why: v.picklist(["released", "undone", "shortened", "refused"]),
      at: Time,
      /** What it costs now: 1 halves the weight. It gets less with each day. */
      share: v.number(),
    }),
  ),
});

export const weightRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/org-weights", operationId: "listOrgWeights" },
    ...{ tag: "Orgs", summary: "What orgs' word weighs in rules, and why" },
    ...{ allows: "viewer", scope: "own" },
    answers: {
      200: {
        description: "Of all that one may see",
        schema: pageOf(OrgWeight),
      },
    },
    handle: ({ caller }) => {
      const items = ports.registry
        .orgs()
        .filter(({ id }) => sees(caller, id))
        .map(({ id }) => ({
          ...ports.weights.told(id),
          ...ports.weights.needed,
        }));
      return answer(200, { items, next: null });
    },
  }),
];
