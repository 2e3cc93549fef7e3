import type { Clock } from "../agent/runtime/clock.js";
import type { Coverage } from "./coverage/coverage.js";
import { Fleet } from "./fleet/fleet.js";
import { Roster } from "./fleet/roster.js";
import type { Gateway } from "./gateway/gateway.js";
import { DecidedIn } from "./report/decided-in.js";
import { Reports } from "./report/report.js";
import type { Store } from "./store.js";
import type { Allowances } from "./telemetry/allowances.js";

interface OverviewParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly allowances: Pick<Allowances, "overSince">;
  readonly gateway: Pick<Gateway, "isConnected">;
}

/** What is told in sums, of hosts and of months, and which hosts there are. */
export function openOverviews(
  parts: OverviewParts,
  coverage: Pick<Coverage, "of" | "round">,
) {
  const roster = rosterOf(parts);
  const fleet = new Fleet({ ...seen(parts), clock: parts.clock, roster });
  return { roster, fleet, reports: reportsOf(parts, coverage) };
}

/** How hosts are. */
const seen = ({ store, allowances, gateway }: OverviewParts) => ({
  clones: () => store.bootLog.standing(),
  overSince: (agent: string) => allowances.overSince(agent),
  isConnected: (agent: string) => gateway.isConnected(agent),
});

function rosterOf({ clock, store }: OverviewParts): Roster {
  const { registry, receipts, wellness, figures, policies, index } = store;
  return new Roster({
    clock,
    level: () => store.decisions.level + store.observations.level,
    agentsAfter: (...asked) => registry.agentsAfter(...asked),
    standsBetween: (...ids) => receipts.standsBetween(...ids),
    wellnessBetween: (...ids) => wellness.between(...ids),
    figuresBetween: (...ids) => figures.between(...ids),
    clones: () => store.bootLog.standing(),
    groups: (org) => policies.of(org)?.policy.groups ?? [],
    tips: () => index.standings(),
  });
}

function reportsOf(
  parts: OverviewParts,
  coverage: Pick<Coverage, "of" | "round">,
): Reports {
  const { clock, store } = parts;
  const { registry, receipts, wellness, retention } = store;
  return new Reports({
    ...{ ...seen(parts), clock, coverage },
    ...{ decided: new DecidedIn(store.views.decided) },
    attackTimes: store.attackTimes,
    attackers: (...asked) => store.attackers.behind(...asked),
    broughtBy: (seq) => store.telemetry.broughtBy(seq),
    contests: (query) => store.contests.list(query),
    decision: (id) => store.decisionLog.decision(id),
    idsOf: (org) => registry.idsOf(org),
    agent: (id) => registry.agent(id),
    stands: (agent) => receipts.stands(agent),
    wellness: (agent) => wellness.of(agent),
    receiptsKeepDays: () => retention.report().receiptsKeepDays,
  });
}
