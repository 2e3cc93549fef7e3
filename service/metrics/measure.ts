import type { AgentView } from "../../agent/agent.js";
import type { BanClock } from "../../agent/runtime/clock.js";
import { statusOf } from "../control/status-view.js";
import type { Family } from "./exposition.js";
import { familiesOf } from "./families.js";

/** Looks at an agent as `tourniquet status` does: at sums, and at no ban by itself. */
export async function measure(options: {
  readonly agent: AgentView;
  readonly clock: BanClock;
  readonly version: string;
}): Promise<readonly Family[]> {
  const status = await statusOf(options);
  const totals = await options.agent.enforcer.totals();
  const { user, system } = process.cpuUsage();
  return familiesOf({
    status,
    totals,
    process: {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      startedAt: Math.round(performance.timeOrigin / 1_000),
    },
  });
}
