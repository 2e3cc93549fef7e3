import type { Clock } from "../agent/runtime/clock.js";
import { Fleet } from "./fleet/fleet.js";
import type { Gateway } from "./gateway/gateway.js";
import type { Store } from "./store.js";
import type { Allowances } from "./telemetry/allowances.js";

interface OverviewParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly allowances: Pick<Allowances, "overSince">;
  readonly gateway: Pick<Gateway, "isConnected">;
}

/** What is told in sums, of hosts and of who attacks them. */
export function openOverviews({
  clock,
  store,
  allowances,
  gateway,
}: OverviewParts) {
  const { registry, receipts, telemetry, bootLog, policies, index } = store;
  const fleet = new Fleet({
    clock,
    agentsAfter: (...asked) => registry.agentsAfter(...asked),
    standsBetween: (...ids) => receipts.standsBetween(...ids),
    wellnessBetween: (...ids) => telemetry.wellnessBetween(...ids),
    clones: () => bootLog.standing(),
    overSince: (agent) => allowances.overSince(agent),
    isConnected: (agent) => gateway.isConnected(agent),
    groups: (org) => policies.of(org)?.policy.groups ?? [],
    tips: () => index.standings(),
  });
  return { fleet };
}
