import * as v from "valibot";
import type { OperatorApiPorts } from "../ports.js";
import { Time, Whole } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import {
  RuleSetTold,
  ShadowCountTold,
  ruleSetRoutes,
  ruleSetTold,
} from "./rule-sets.js";

/** In how many bans each org had a part; most first. */
const Shares = v.array(v.object({ org: v.string(), bans: Whole }));

/** Which rules decide, how their rate stands, and when it was reached. */
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
  inForce: RuleSetTold,
  /** Null: no rules stand in the shadow. */
  shadow: v.nullable(
    v.object({
      ...RuleSetTold.entries,
      counts: v.array(ShadowCountTold),
    }),
  ),
  /** When rules last wanted more than they may, newest first. */
  alarms: v.array(v.object({ at: Time, maxPerMinute: Whole, orgs: Shares })),
});

/** What bans by itself. */
export const ruleRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/rules", operationId: "getRules" },
    ...{ tag: "Proposals", summary: "Which rules decide, and their rate" },
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "As of now", schema: Rules } },
    handle: () => answer(200, told(ports)),
  }),
  ...ruleSetRoutes(ports),
];

function told({ correlator, decisionLog, book, shadow }: OperatorApiPorts) {
  const watched = book.inShadow();
  return {
    ...{ ...correlator.status(), alarms: decisionLog.alarms() },
    inForce: ruleSetTold(book.inForce()),
    shadow: watched
      ? {
          ...ruleSetTold(watched),
          counts: shadow.told(watched.version).counts,
        }
      : null,
  };
}
