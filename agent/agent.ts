import type { AgentOrders, AgentView } from "./api.js";
import {
  defendItself,
  guardedBy,
  letOperatorOrder,
  startLink,
  startTelemetry,
  takeCarried,
  tryChanges,
  watchStorage,
  watchTime,
  watchVerdict,
} from "./assembly.js";
import type { Config } from "./config/config.js";
import { LiveConfig } from "./config/live.js";
import { openCore, type AgentCore, type AgentOptions } from "./core.js";
import { makeEvents } from "./events/events.js";
import type { StorageWatch } from "./ledger/storage-watch.js";
import type { BanClock } from "./runtime/clock.js";
import { Lifetime } from "./runtime/lifetime.js";
import { RunHistory } from "./safe-mode/run-history.js";
import { LinkStatus } from "./uplink/link-status.js";
import { Senses } from "./walks/ban/defence.js";
import type { Carry } from "./walks/carry/carry.js";
import type { CloudLink } from "./walks/follow/cloud-link.js";
import type { OperatorOrders } from "./walks/operator/operator-orders.js";
import { startContactWatch } from "./walks/telemetry/contact-reports.js";
import { openFlows, startImpactWatch } from "./walks/telemetry/impact.js";
import type { TelemetryWalk } from "./walks/telemetry/telemetry-walk.js";
import type { VerdictWatch } from "./walks/telemetry/verdict-watch.js";
import type { Trials } from "./walks/trial/trials.js";

export type { AgentOptions, AgentOrders, AgentView };

/** A running agent. */
export interface Agent extends AgentView, AgentOrders, AsyncDisposable {
  /** Resolves with the reason if the agent can't go on and should be restarted. */
  readonly broken: Promise<unknown>;
  readonly clock: BanClock;
  /**
   * Has what needs no restart follow another configuration, in the kernel and for bans
   * that are recorded. @throws NotEnforced
   */
  settle(config: Config): Promise<void>;
}

/**
 * Starts an agent. What is opened first is closed last, and whatever fails on
 * the way closes what was opened; bans stay in the kernel when the agent ends.
 *
 * 1. How earlier runs ended: after crashes in a row nothing is changed at all.
 * 2. The core: ledger, then the kernel brought to what it says. Without network.
 * 3. Telemetry, so that whatever is seen from here on is kept to be told.
 * 4. What sees: contacts, the sensors, the disk, the clocks, open flows, trials.
 * 5. The link to the cloud, which all of it is told over.
 * 6. What takes in by hand what no link brings.
 * 7. The operator's orders, which go over whatever the cloud says.
 */
export function startAgent(options: AgentOptions): Promise<Agent> {
  const live = new LiveConfig(options.config);
  return open({ ...options, config: live.config }, live);
}

async function open(options: AgentOptions, live: LiveConfig): Promise<Agent> {
  const { config, clock, log } = options;
  const events = makeEvents(log);
  await using opened = new Lifetime();
  opened.defer(() => events.stopping());
  for (const { name, why } of config.idle) events.settingIdle(name, why);
  const status = new LinkStatus(clock, options.identity !== undefined);
  const runs = opened.own(new RunHistory({ config, clock, events }));
  const opening = { opened, status, events, runs };
  const core = await openCore(options, opening);
  const { enforcer, protection } = core;
  const senses = new Senses();
  const verdict = watchVerdict(core, opening);
  const told = { senses, verdict };
  const telemetry = opened.own(startTelemetry(options, core, opening, told));
  const reporting = { events, telemetry };

  const contacts = opened.own(
    await startContactWatch({ enforcer, protection, clock, telemetry, events }),
  );
  if (!runs.safeMode) {
    opened.own(senses.watch(defendItself(options, core, reporting)));
  }
  const storage = opened.own(watchStorage(options, core, reporting));
  const time = opened.own(watchTime(options, core, reporting));
  const flows = await openFlows({ clock, events });
  if (flows !== undefined) opened.own(flows);
  const trials = opened.own(
    tryChanges(options, core, { ...opening, telemetry, flows }),
  );
  const impact = opened.own(startImpactWatch({ config, clock, events, flows }));

  const seen = { telemetry, time, trials, impact };
  const link = opened.own(startLink(options, core, opening, seen));
  const orders = letOperatorOrder(options, core, opening, telemetry);
  opened.defer(() => runs.ended());
  if (!runs.safeMode) telemetry.startCounting();
  return agentOf(options, core, {
    status,
    runs,
    telemetry,
    verdict,
    contacts,
    senses,
    storage,
    trials,
    link,
    carry: takeCarried(options, core, opening, seen),
    ...{ orders, live },
    lifetime: opened.release(),
  });
}

const upgradingOf = ({ ledger, probe }: AgentCore): Agent["upgrading"] => ({
  copyTo: (path) => ledger.copyTo(path),
  prove: async () => probe?.prove(),
});

interface Parts {
  readonly status: LinkStatus;
  readonly runs: RunHistory;
  readonly telemetry: TelemetryWalk;
  readonly verdict: VerdictWatch;
  readonly contacts: Pick<AgentView, "contacts">;
  readonly senses: Senses;
  readonly storage: StorageWatch;
  readonly trials: Trials;
  readonly link: CloudLink;
  readonly carry: Pick<Carry, "mark" | "receipts" | "apply">;
  readonly orders: OperatorOrders;
  readonly live: LiveConfig;
  readonly lifetime: Lifetime;
}

/** What others see of it, and may order. */
function agentOf(options: AgentOptions, core: AgentCore, parts: Parts): Agent {
  const { ledger, enforcer, cutter, protection } = core;
  const { runs, link, lifetime } = parts;
  return {
    ledger,
    enforcer,
    link: parts.status,
    telemetry: parts.telemetry,
    trust: core.trust,
    policies: core.policies,
    followed: core.followed,
    get cut() {
      return cutter?.status;
    },
    orders: parts.orders,
    rekeying: link.rekeying,
    carry: parts.carry,
    carried: parts.carry,
    drift: core.drift,
    clock: core.time.clock,
    identity: options.identity,
    verdict: () => parts.verdict.look(),
    proof: () => core.probe?.view,
    upgrading: upgradingOf(core),
    uncovered: () => core.paths?.found ?? [],
    trials: () => parts.trials.watch.trials,
    storage: () => ledger.storage(),
    facts: () => protection.facts,
    hits: () => enforcer.hits(),
    contacts: () => parts.contacts.contacts(),
    sensors: () => parts.senses.view(),
    guardedBy: guardedBy(options, core),
    safeMode: runs.safeMode,
    settle: async (config) => {
      const { live } = parts;
      const before = live.now;
      live.settle(config);
      try {
        if (!runs.safeMode) await protection.settled();
      } catch (error) {
        live.settle(before);
        throw error;
      }
      void core.recurring.reviewAgain();
    },
    broken: Promise.race([link.broken, runs.over, parts.storage.mended]),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}
