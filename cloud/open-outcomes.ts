import type { Clock } from "../agent/runtime/clock.js";
import type { Gateway } from "./gateway/gateway.js";
import { Outcomes } from "./receipts/outcomes.js";
import type { Store } from "./store.js";

/** What became of decisions, host by host. */
export const openOutcomes = (
  { clock }: { readonly clock: Clock },
  { views, registry, telemetry, statements }: Store,
  gateway: Gateway,
): Outcomes =>
  new Outcomes(views.observed, {
    clock,
    agents: () => registry.agents(),
    isConnected: (agent) => gateway.isConnected(agent),
    heardAt: (agent) => gateway.heardAt(agent),
    takenBack: (after) => telemetry.takenBack(after),
    trialEnds: (feed, after) => statements.trialEnds(feed, after),
  });
