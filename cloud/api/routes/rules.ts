import * as v from "valibot";
import type { OperatorApiPorts } from "../ports.js";
import { Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** In how many bans each org had a part; most first. */
const Shares = v.array(v.object({ org: v.string(), bans: Whole }));

/** How the rules' rate stands, and when it was reached. */
export const Rules = v.object({
  maxPerMinute: Whole,
  /** Bans that the rate has left in this minute. */
  left: v.number(),
  /** Since when attackers wait for it; null: none does. */
  reachedSince: v.nullable(Time),
  waiting: Whole,
  /** Attackers that found no room to wait, by org, since the cloud's start. */
  dropped: v.record(v.string(), Whole),
  /** What a person should decide on and found no room in the table. */
  unproposed: Whole,
  orgs: Shares,
  /** When rules last wanted more than they may, newest first. */
  alarms: v.array(v.object({ at: Time, maxPerMinute: Whole, orgs: Shares })),
});

/** What bans by itself. */
export const ruleRoutes = ({
  correlator,
  decisionLog,
}: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/rules", operationId: "getRules" },
    ...{ tag: "Proposals", summary: "How the rules' rate stands" },
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "As of now", schema: Rules } },
    handle: () =>
      answer(200, { ...correlator.status(), alarms: decisionLog.alarms() }),
  }),
];
