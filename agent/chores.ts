import type { Clock } from "./clock.js";
import type { Config } from "./config/config.js";
import type { Enforcement } from "./enforcement.js";
import type { AgentEvents } from "./events.js";
import type { Ledger } from "./ledger/ledger.js";
import { Lifetime } from "./lifetime.js";
import { Maintenance } from "./maintenance.js";
import type { Protection } from "./protection.js";
import { schedule } from "./schedule.js";

export interface ChoreRooms {
  readonly ledger: Ledger;
  readonly protection: Protection;
  readonly enforcement: Enforcement;
  readonly events: AgentEvents;
}

/** What recurs every minute, each for itself. */
export function startChores(
  { config, clock }: { readonly config: Config; readonly clock: Clock },
  { ledger, protection, enforcement, events }: ChoreRooms,
): AsyncDisposable {
  const enforce = () => enforcement.enforce();
  const facts = () => protection.facts;
  const policy = config.guard;
  const chores = new Lifetime();
  const maintenance = chores.own(
    new Maintenance({ ledger, clock, events, policy, facts, enforce }),
  );
  void maintenance.run();
  const everyMinute = (name: string, task: () => Promise<void>) =>
    chores.own(schedule(AT_SECOND_ZERO, name, task));
  everyMinute("maintain", () => maintenance.run());
  everyMinute("protect", () => protection.lookAround());
  return chores;
}

/** node-cron's six fields, seconds first. */
const AT_SECOND_ZERO = "0 * * * * *";
