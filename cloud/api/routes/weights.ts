import * as v from "valibot";
import { Reason, Term } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { mustBeOwnOrg, sees } from "../scope.js";
import { Time, Whole, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { OrderWaits, Why, waitsAnswer } from "./two-persons.js";

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

const VouchOrder = v.strictObject({
  why: Why,
  /** From when it is carried out on; a year at most. */
  for: v.optional(Term, "90d"),
});

const Withdrawal = v.strictObject({ reason: v.optional(Reason, "") });

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
        .map(({ id }) => told(id, ports));
      return answer(200, { items, next: null });
    },
  }),
  vouchRoute(ports),
  withdrawRoute(ports),
];

const vouchRoute = (ports: OperatorApiPorts): Route =>
  route({
    ...{
      method: "POST",
      path: "/orgs/{org}/vouch",
      operationId: "vouchForOrg",
    },
    ...{
      tag: "Orgs",
      summary: "Has an org's word count as if it had standing",
    },
    description:
      "Such as on a new vendor's first day. It counts once a second person has released it, and until it ends; what is found wrong lowers its weight all the same.",
    ...{ allows: "admin", scope: "vendor", changes: true, stepUp: true },
    body: VouchOrder,
    answers: {
      200: { description: "Its word counts", schema: OrgWeight },
      202: { description: "It waits for somebody else", schema: OrderWaits },
    },
    problems: [404, 409],
    handle: async ({
      caller,
      params: { org = "" },
      body: { why, for: term },
    }) => {
      mustBeOwnOrg(caller, org, ports);
      if (term === undefined || term > LONGEST_S) {
        throw problem(400, "invalid", {
          ...{ field: "for", value: undefined },
          message: "nobody vouches for longer than 365d",
        });
      }
      const days = Math.ceil(term / DAY_S);
      const says = `have the word of org ${org} count for ${days} ${days === 1 ? "day" : "days"}, whatever its standing`;
      const text = ports.vouching.textOf({ org, why, seconds: term });
      const change = { action: "change", of: "vouch", says, text } as const;
      const danger = "what its hosts say counts toward bans everywhere at once";
      const came = await ports.orders.change(caller, change, danger);
      if (came.kind === "waits") return waitsAnswer(came);
      return answer(200, told(org, ports));
    },
  });

const withdrawRoute = (ports: OperatorApiPorts): Route =>
  route({
    ...{ method: "DELETE", path: "/orgs/{org}/vouch" },
    ...{ operationId: "withdrawVouch", tag: "Orgs" },
    summary: "Has an org's word count by its standing alone",
    ...{ allows: "admin", scope: "vendor", changes: true },
    query: Withdrawal,
    answers: { 200: { description: "It does", schema: OrgWeight } },
    problems: [404, 409],
    handle: async ({ caller, params: { org = "" }, query: { reason } }) => {
      mustBeOwnOrg(caller, org, ports);
      if (ports.weights.told(org).vouch === null) {
        throw problem(409, "not-vouched", {
          ...{ field: "org", value: org },
          message: `nobody vouches for ${org}`,
        });
      }
      await ports.vouching.withdraw(org, caller.name, reason);
      return answer(200, told(org, ports));
    },
  });

const told = (org: string, { weights }: OperatorApiPorts) => ({
  ...weights.told(org),
  ...weights.needed,
});

const DAY_S = 24 * 60 * 60;
const LONGEST_S = 365 * DAY_S;
