import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { AgentOrders, AgentView } from "./agent-view.js";
import { startCloudLink, type CloudLink } from "./cloud-link.js";
import { CloudTrust } from "./cloud-trust.js";
import type { Clock } from "./clock.js";
import { feedsOf } from "./config/identity.js";
import { startContactWatch } from "./contacts.js";
import { startDefence } from "./defend.js";
import { makeEvents } from "./events.js";
import { holdingRule } from "./guard/guard.js";
import { Lifetime } from "./lifetime.js";
import { Limiter } from "./limiter.js";
import { LinkStatus } from "./link-status.js";
import { ModeSwitch } from "./mode-switch.js";
import {
  openPower,
  type AgentOptions,
  type Power,
  type Room,
} from "./power.js";
import { makeSteps } from "./steps.js";
import { TimeWatch } from "./time-watch.js";
import { TelemetryWalk } from "./telemetry-walk.js";
import { startTrials, trialTerms, type Trials } from "./trials.js";

export type { AgentOptions, AgentOrders, AgentView };

/** A running agent. */
export interface Agent extends AgentView, AgentOrders, AsyncDisposable {
  /** Resolves with the reason if the agent can't go on and should be restarted. */
  readonly broken: Promise<unknown>;
  /** By whose time bans expire. */
  readonly clock: Clock;
}

/**
 * Starts an agent: ledger, then the kernel brought to what the ledger says,
 * before any network, then the cloud. Whatever fails on the way closes what was
 * opened. Bans stay in the kernel when the agent ends.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const events = makeEvents(options.log);
  await using opened = new Lifetime();
  opened.defer(() => events.stopping());
  const status = new LinkStatus(options.clock);
  const power = await openPower(options, { opened, status, events });
  const { clock: banClock } = power.time;
  const trust = new CloudTrust({ ...options, clock: banClock, events });
  const scope = { opened, status, events, trust };
  const telemetry = opened.own(startTelemetry(options, power, scope));
  const { clock } = options;
  const contacts = opened.own(
    await startContactWatch({ ...power, clock, telemetry, events }),
  );
  opened.own(defendItself(options, power, { telemetry, events }));
  const time = opened.own(watchTime(options, power, { telemetry, events }));
  const trials = opened.own(
    tryChanges(options, power, { ...scope, telemetry }),
  );
  const reporting = { status, events, telemetry, time, trust, trials };
  const link = opened.own(startLink(options, power, reporting));
  const { ledger, enforcer, cutter, protection, upkeep } = power;
  const { enforcement, receipts } = power;
  const enforce = async () => {
    await enforcement.enforce();
    cutter?.cut("all"); // where the kernel drops by now what it let pass
  };
  const lifetime = opened.release();
  return {
    ...{ ledger, enforcer, link: status, telemetry, trust },
    get cut() {
      return cutter?.status;
    },
    mode: new ModeSwitch({ ledger, receipts, events, enforce }),
    upkeep,
    clock: power.time.clock,
    proof: () => power.prover?.view,
    trials: () => trials.watch.trials,
    facts: () => protection.facts,
    hits: () => enforcer.hits(),
    contacts: () => contacts.contacts(),
    guardedBy: (cidr) =>
      holdingRule(cidr, protection.facts, options.config.guard),
    broken: link.broken,
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

interface Reporting extends Omit<Scope, "opened"> {
  readonly telemetry: TelemetryWalk;
  readonly time: TimeWatch;
  readonly trials: Trials;
}

interface Scope extends Room {
  readonly trust: CloudTrust;
}

/** What the host sees is kept from here on, and told once there is a link. */
function startTelemetry(
  { config, version, clock, random }: AgentOptions,
  { ledger, enforcer, quarantined, upkeep, prover }: Power,
  { status, events, trust }: Scope,
): TelemetryWalk {
  const telemetry = new TelemetryWalk({
    path: join(config.stateDir, "spool.db"),
    ...{ version, clock, random, events, enforcer, ledger },
    link: status,
    contested: () => upkeep.view.contested ?? undefined,
    egress: config.enforce.egress,
    unproven: () => prover?.failing,
    trust: () => trust.findings(),
  });
  upkeep.tellTo((what) => telemetry.tellOf("ruleset-disturbed", what));
  if (quarantined !== undefined) {
    telemetry.happened("ledger-quarantined", quarantined.folder);
  }
  return telemetry;
}

function defendItself(
  { config, clock }: AgentOptions,
  { ledger, time, protection, enforcement }: Power,
  { telemetry, events }: Pick<Reporting, "telemetry" | "events">,
): AsyncDisposable {
  return startDefence({
    config,
    ledger,
    facts: () => protection.facts,
    enforce: () => enforcement.enforce(),
    report: (item) => telemetry.report(item),
    clock,
    banTime: () => time.now(),
    events,
  });
}

function watchTime(
  { clock }: AgentOptions,
  { time, enforcement }: Power,
  { telemetry, events }: Pick<Reporting, "telemetry" | "events">,
): TimeWatch {
  return new TimeWatch({
    ...{ time, clock, events },
    jumped: (what) => telemetry.happened("clock-jumped", what),
    enforce: () => enforcement.enforce(),
  });
}

/** Changes that are large or wide are in force for good once they prove harmless. */
function tryChanges(
  options: AgentOptions,
  { ledger, time, protection, enforcement, chores }: Power,
  { events, trust, telemetry }: Scope & Pick<Reporting, "telemetry">,
): Trials {
  return startTrials(options, {
    ...{ ledger, clock: time.clock, protection, enforcement, events },
    heardAt: () => trust.watch.freshAt,
    flowsBegunHere: () => Promise.resolve(0),
    settled: () => chores.tidy(),
    failed: (what) => telemetry.happened("change-taken-back", what),
  });
}

function startLink(
  options: AgentOptions,
  { ledger, time, protection, enforcement, receipts }: Power,
  { status, events, telemetry, time: timeWatch, trust, trials }: Reporting,
): CloudLink {
  const { identity, config } = options;
  const { roots, watch } = trust;
  const feeds = feedsOf(identity);
  const enforce = async () => {
    await enforcement.enforce();
    trials.watch.look();
  };
  const { clock } = time;
  const limits = config.guard.limits;
  const limiter = new Limiter({ limits, ledger, clock, raised: () => ({}) });
  void protection.lookAround();
  return startCloudLink({
    ...options,
    roots,
    watch,
    feeds,
    boot: randomUUID(),
    snapshotFolder: join(config.stateDir, "snapshots"),
    positions: ledger,
    step: makeSteps({
      roots,
      feeds,
      policy: config.guard,
      facts: () => protection.facts,
      ledger,
      limiter,
      trial: trialTerms(config),
      enforce,
      clock,
    }),
    dated: (date) => timeWatch.dated(date),
    receipts,
    status,
    events,
    refreshFacts: () => protection.refresh(),
    telemetry,
    enforce,
  });
}
