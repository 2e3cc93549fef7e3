import * as v from "valibot";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { BanCovered, Why } from "../../coverage/why.js";
import type { DecisionEntry } from "../../decide/decision-log.js";
import type { Caller } from "../../operators/caller.js";
import { Range } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { nameSeen, readableFeeds } from "../scope.js";
import { Seconds, Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { share as shareFields } from "./coverage.js";
import { Rings } from "./orders.js";
import { SightingOut } from "./telemetry-shapes.js";

/** A ban that stands, whose it is, and who holds it. */
const BanCoveredOut = v.object({
  ...{ range: v.string(), feed: v.string(), until: Seconds },
  observed: v.boolean(),
  rings: v.nullable(Rings),
  ...{ reason: v.string(), decision: v.string() },
  /** Null where one need not know, or the decision was erased. */
  by: v.nullable(v.string()),
  decidedAt: v.nullable(Time),
  action: v.nullable(v.picklist(["ban", "lift", "import"])),
  /** How many reports of hosts a rule decided it on; to an org's people none. */
  evidence: Whole,
  /** How sure the rule was that decided it, from 0 to 1; null: people were. */
  confidence: v.nullable(v.number()),
  /** Who holds its decision; null where that is not known. */
  coverage: v.nullable(v.object(shareFields)),
  /** How many hosts hold it, by the guard's rule: told of orders, not of lists. */
  held: v.array(v.object({ rule: v.string(), hosts: Whole })),
});

/** All that the cloud knows of a range. */
export const WhyAnswer = v.object({
  range: v.string(),
  /** Bans that hold it, on it and in it: the first 20. */
  bans: v.array(BanCoveredOut),
  total: Whole,
  /**
   * Lists that name it, or a range around it, as they were imported last: the first
   * 64, everybody's before those of orgs, and 16 of a feed.
   */
  lists: v.array(
    v.object({
      ...{ feed: v.string(), list: v.string(), range: v.string() },
      until: Seconds,
    }),
  ),
  /** All that there are. */
  listsTotal: Whole,
  /** Whose packets bans matched, by org. */
  hits: v.array(SightingOut),
  /** What sensors of an org's hosts saw, of late. */
  seen: v.array(
    v.object({
      ...{ org: v.string(), hosts: Whole, failures: Whole },
      /** How many of the hosts banned it by themselves. */
      banned: Whole,
      lastSeen: Time,
    }),
  ),
  /** Guards that held a ban on the address. */
  guarded: v.array(
    v.object({
      ...{ org: v.string(), rule: v.string(), hosts: Whole },
      lastSaid: Time,
    }),
  ),
  /** Who says that it is banned wrongly, newest first; to the vendor's people. */
  contests: v.array(
    v.object({
      ...{ contest: v.string(), openedAt: Time, answerBy: Time },
      isOverdue: v.boolean(),
      /** Null while it waits. */
      verdict: v.nullable(v.picklist(["released", "shortened", "refused"])),
    }),
  ),
});

const WhyQuery = v.strictObject({ range: Range });

/** Why a range is banned, across the fleet. */
export const whyRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/why", operationId: "explainRange" },
    ...{ tag: "Bans", summary: "What bans a range, on what, and who holds it" },
    ...{ allows: "viewer", scope: "own" },
    query: WhyQuery,
    answers: { 200: { description: "All there is", schema: WhyAnswer } },
    handle: async ({ caller, query: { range }, context }) => {
      const { signal } = context.req.raw;
      const feeds = readableFeeds(caller, ports);
      const viewer = { org: caller.org, feeds, gone: signal };
      const why = await ports.coverageGate.run(caller, signal, () =>
        ports.why(range, viewer),
      );
      return answer(200, shown(why, caller));
    },
  }),
];

const shown = ({ bans, ...why }: Why, caller: Caller) => ({
  ...why,
  bans: bans.map((each) => shownBan(each, caller)),
});

function shownBan({ ban, decision, share, held }: BanCovered, caller: Caller) {
  const { cidr, expiresAt, rings = null, ...rest } = ban;
  return {
    ...rest,
    ...{ range: formatCidr(cidr), until: expiresAt, rings, held },
    coverage: share ?? null,
    ...(decision ? decisionSeen(decision, caller) : UNKNOWN),
  };
}

const decisionSeen = (decision: DecisionEntry, caller: Caller) => ({
  by: nameSeen(caller, decision),
  decidedAt: decision.decidedAt,
  action: decision.action,
  evidence: caller.org === null ? decision.evidence.length : 0,
  confidence: decision.confidence,
});

/** Of a decision that is not known any more. */
const UNKNOWN = {
  ...{ by: null, decidedAt: null, action: null },
  ...{ evidence: 0, confidence: null },
};
