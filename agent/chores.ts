import type { BanTime } from "./ban-time.js";
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
  readonly time: BanTime;
  readonly protection: Protection;
  readonly enforcement: Enforcement;
  readonly events: AgentEvents;
}

/** What recurs every minute, each for itself. */
export function startChores(
  { config }: { readonly config: Config },
  { ledger, time, protection, enforcement, events }: ChoreRooms,
): AsyncDisposable {
  const { clock } = time;
  const enforce = () => enforcement.enforce();
  const facts = () => protection.facts;
  const policy = config.guard;
  const chores = new Lifetime();
  const maintenance = chores.own(
    new Maintenance({ ledger, clock, events, policy, facts, enforce }),
  );
  void maintenance.run();
  const everyMinute = (task: () => Promise<void>) =>
    chores.own(schedule({ everyMs: 60_000 }, task));
  everyMinute(() => maintenance.run());
  everyMinute(() => protection.lookAround());
  return chores;
}
