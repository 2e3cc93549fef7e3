import { randomUUID } from "node:crypto";
import { standingTables } from "../../../cloud/decide/standing.projection.js";
import { Weights } from "../../../cloud/decide/weights.js";
import { weightTables } from "../../../cloud/decide/weights.projection.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { TelemetryTaken } from "../../../cloud/journal/observation-events.js";
import { added, sumOf } from "../../../cloud/rules/witnesses.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { ManualClock } from "../../support/time/clock.js";
import { detection } from "../telemetry/items.js";

export const DAY_MS = 24 * 60 * 60 * 1000;
export const SETTINGS = {
  ...{ orgs: 3, standingDays: 14, standingHosts: 2, standingConfirmed: 3 },
};

export const vouched = (org: string, expiresAt: number): DecisionEvent => ({
  ...{ kind: "org-vouched", org, by: "ada", why: "we know them", expiresAt },
});

export const decided = (
  decision: string,
  orgs: readonly string[],
  weights?: readonly number[],
): DecisionEvent => ({
  ...{ kind: "decided", decision, action: "ban", feed: "urgent", ranges: 1 },
  ...{ by: "rule:several-orgs", reason: "", evidence: [1], orgs },
  ...(weights && { weights }),
});

export const undone = (
  undoes: string,
  wrong: boolean,
  decision?: string,
): DecisionEvent => ({
  ...{ kind: "undone", undoes, feed: "urgent", wrong, by: "ada" },
  ...{ ...(decision !== undefined && { decision }), reason: "", counts: {} },
});

export function sight(
  org: string,
  source: string,
  action: "banned" | "held" = "banned",
): TelemetryTaken {
  const rule = action === "held" ? { rule: "this-host" } : {};
  const items = [detection(source, { action, ...rule })];
  const from = { agent: `${org}/1`, org, spool: randomUUID(), first: 1 };
  return { kind: "telemetry", ...from, items };
}

/** Logs in which orgs come, see and are found wrong, and what they weigh. */
export async function open(settings: typeof SETTINGS) {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const ofObservations = [standingTables];
  const ofDecisions = [weightTables];
  const folds = { clock, ofObservations, ofDecisions };
  const logs = await openLogs(folder.path, folds);
  const weights = new Weights(logs.views, settings, clock);
  /** A minute later: so long it knows what it looked up. */
  const weigh = (orgs: readonly string[]) => {
    clock.jump(60_000);
    return weights.of(orgs);
  };
  const hosts = new Map<string, number>();
  const seen = (agent: string) =>
    logs.observe({ kind: "agent-seen", agent, version: "0.1.0" });
  const enrol = async (org: string, count: number) => {
    const before = hosts.get(org) ?? 0;
    hosts.set(org, before + count);
    const enrolled = Array.from({ length: count }, (_, n): DecisionEvent => {
      const agent = `${org}/${before + n + 1}`;
      const host = { hostname: agent, system: "Linux", version: "0.1.0" };
      const secrets = { tokenHash: agent, publicKey: "" };
      return { kind: "agent-enrolled", agent, org, ...secrets, ...host };
    });
    await logs.decide(...enrolled);
  };
  return {
    ...{ clock, seen, enrol, decide: logs.decide, observe: logs.observe },
    views: logs.views,
    settle: async (org: string) => {
      clock.jump(-20 * DAY_MS);
      await enrol(org, 2);
      clock.jump(20 * DAY_MS);
      for (const n of [1, 2]) await seen(`${org}/${n}`);
    },
    sees: (org: string, source: string) => logs.observe(sight(org, source)),
    told: (org: string) => weights.told(org),
    weightOf: (org: string) => weigh([org]).get(org)?.weight,
    sum: (...orgs: readonly string[]) =>
      sumOf(added([...weigh(orgs).values()])),
    among: (...orgs: readonly string[]) =>
      [...weigh(orgs)]
        .flatMap(([org, { weight }]) => (weight === 1 ? [org] : []))
        .sort(),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
