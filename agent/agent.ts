import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { AgentOrders, AgentView } from "./api.js";
import { feedsOf } from "./config/identity.js";
import {
  openCore,
  type AgentOptions,
  type AgentCore,
  type Opening,
} from "./core.js";
import { makeEvents } from "./events/events.js";
import { holdingRule } from "./guard/guard.js";
import type { CloudTrust } from "./keyring/cloud-trust.js";
import { ledgerOptions } from "./ledger/stand-in.js";
import { StorageWatch } from "./ledger/storage-watch.js";
import type { Cidr } from "./model/cidr.js";
import type { BanClock } from "./runtime/clock.js";
import { Lifetime } from "./runtime/lifetime.js";
import { RunHistory } from "./safe-mode/run-history.js";
import type { OpenFlows } from "./sessions/open-flows.js";
import { withoutWho } from "./telemetry/items.js";
import { TimeWatch } from "./time/time-watch.js";
import { LinkStatus } from "./uplink/link-status.js";
import { Senses, startDefence, type Sensing } from "./walks/ban/defence.js";
import { makeSteps } from "./walks/ban/steps.js";
import { startCloudLink, type CloudLink } from "./walks/follow/cloud-link.js";
import { ModeSwitch } from "./walks/operator/mode-switch.js";
import { OperatorOrders } from "./walks/operator/operator-orders.js";
import { startContactWatch } from "./walks/telemetry/contact-reports.js";
import {
  openFlows,
  startImpactWatch,
  type ImpactWatch,
} from "./walks/telemetry/impact.js";
import { TelemetryWalk } from "./walks/telemetry/telemetry-walk.js";
import { VerdictWatch } from "./walks/telemetry/verdict-watch.js";
import { startTrials, trialTerms, type Trials } from "./walks/trial/trials.js";

export type { AgentOptions, AgentOrders, AgentView };

/** A running agent. */
export interface Agent extends AgentView, AgentOrders, AsyncDisposable {
  /** Resolves with the reason if the agent can't go on and should be restarted. */
  readonly broken: Promise<unknown>;
  readonly clock: BanClock;
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
  for (const { name, why } of options.config.idle) {
    events.settingIdle(name, why);
  }
  const status = new LinkStatus(options.clock);
  const starts = opened.own(new RunHistory({ ...options, events }));
  const power = await openCore(options, { opened, status, events, starts });
  const { trust } = power;
  const senses = new Senses();
  const scope = { opened, status, events, trust, starts, senses };
  const verdict = watchVerdict(power, scope);
  const telemetry = opened.own(
    startTelemetry(options, power, { ...scope, verdict }),
  );
  const { clock } = options;
  const sensing = { telemetry, events, clock };
  const contacts = opened.own(
    await startContactWatch({ ...power, ...sensing }),
  );
  if (!starts.safeMode) {
    opened.own(senses.watch(defendItself(options, power, sensing)));
  }
  const storage = opened.own(watchStorage(options, power, sensing));
  const time = opened.own(watchTime(options, power, sensing));
  const flows = await openFlows({ clock, events });
  if (flows !== undefined) opened.own(flows);
  const trials = opened.own(
    tryChanges(options, power, { ...scope, telemetry, flows }),
  );
  const impact = opened.own(
    startImpactWatch({ config: options.config, clock, events, flows }),
  );
  const told = { telemetry, time, trust, trials, impact };
  const reporting = { status, events, starts, verdict, ...told };
  const link = opened.own(startLink(options, power, reporting));
  const word = letOperatorSpeak(options, power, { opened, events, telemetry });
  opened.defer(() => starts.ended());
  if (!starts.safeMode) telemetry.startCounting();
  return agentOf(options, power, {
    ...{ ...reporting, contacts, word, link, storage, senses },
    lifetime: opened.release(),
  });
}

/** What others see of it, and may order. */
function agentOf(
  options: AgentOptions,
  power: AgentCore,
  rooms: Reporting & {
    readonly contacts: Pick<AgentView, "contacts">;
    readonly senses: Senses;
    readonly word: OperatorOrders;
    readonly link: CloudLink;
    readonly storage: StorageWatch;
    readonly lifetime: Lifetime;
  },
): Agent {
  const { ledger, enforcer, cutter, protection } = power;
  const { word, contacts, trials, senses, lifetime } = rooms;
  return {
    ledger,
    enforcer,
    link: rooms.status,
    telemetry: rooms.telemetry,
    trust: rooms.trust,
    get cut() {
      return cutter?.status;
    },
    word,
    rekeying: rooms.link.rekeying,
    upkeep: power.upkeep,
    clock: power.time.clock,
    identity: options.identity,
    verdict: () => rooms.verdict.look(),
    proof: () => power.prover?.view,
    uncovered: () => power.paths?.found ?? [],
    trials: () => trials.watch.trials,
    storage: () => ledger.storage(),
    facts: () => protection.facts,
    hits: () => enforcer.hits(),
    contacts: () => contacts.contacts(),
    sensors: () => senses.view(),
    guardedBy: guardedBy(options, power),
    safeMode: rooms.starts.safeMode,
    broken: Promise.race([
      ...[rooms.link.broken, rooms.starts.over, rooms.storage.mended],
    ]),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** The guard's rule that would hold a ban on a range, whichever feed's. */
const guardedBy =
  ({ config }: AgentOptions, { protection, approvals }: AgentCore) =>
  (cidr: Cidr) =>
    holdingRule(cidr, protection.facts, config.guard, (range) =>
      approvals.allowAny(range),
    );

interface Reporting extends Omit<Scope, "opened" | "senses"> {
  readonly verdict: VerdictWatch;
  readonly telemetry: TelemetryWalk;
  readonly time: TimeWatch;
  readonly trials: Trials;
  readonly impact: ImpactWatch;
}

interface Scope extends Opening {
  readonly trust: CloudTrust;
  readonly senses: Senses;
}

/** The one word on what this host does with bans. */
const watchVerdict = (
  { ledger, enforcer, time, prover }: AgentCore,
  { events, starts: { safeMode } }: Scope,
): VerdictWatch =>
  new VerdictWatch({
    ...{ ledger, enforcer, events, safeMode, clock: time.clock },
    unproven: () => prover?.failing,
  });

/** What the host sees is kept from here on, and told once there is a link. */
function startTelemetry(
  { config, version, clock, random }: AgentOptions,
  { ledger, enforcer, quarantined, upkeep, prover, paths }: AgentCore,
  {
    status,
    events,
    trust,
    starts,
    senses,
    verdict,
  }: Scope & Pick<Reporting, "verdict">,
): TelemetryWalk {
  const telemetry = new TelemetryWalk({
    path: join(config.stateDir, "spool.db"),
    ...{ version, clock, random, events, enforcer, ledger },
    link: status,
    contested: () => upkeep.view.contested ?? undefined,
    egress: config.enforce.egress,
    verdict: async () => (await verdict.look()).verdict,
    unshown: () => prover?.missing,
    uncovered: () => paths?.found ?? [],
    trust: () =>
      new Map([
        ...[...trust.findings(), ...starts.findings()],
        ...senses.findings(),
      ]),
    sensors: () => senses.view(),
  });
  upkeep.tellTo((what) => telemetry.reportOnce("ruleset-disturbed", what));
  for (const { digest, feed } of starts.found) {
    telemetry.reportOnce("poison", `${digest} of ${feed ?? "an unknown feed"}`);
  }
  if (quarantined !== undefined) {
    telemetry.raiseBriefly("ledger-quarantined", quarantined.folder);
  }
  return telemetry;
}

function defendItself(
  { config, clock }: AgentOptions,
  { ledger, time, protection, enforcement }: AgentCore,
  { telemetry, events }: Pick<Reporting, "telemetry" | "events">,
): Sensing & AsyncDisposable {
  return startDefence({
    config,
    ledger,
    facts: () => protection.facts,
    enforce: () => enforcement.enforce(),
    report: (item) => telemetry.spoolItem(item),
    clock,
    banTime: () => time.now(),
    events,
  });
}

/** Less room than is needed is told at once, not with the next look. */
function watchStorage(
  { config }: AgentOptions,
  { ledger }: AgentCore,
  { telemetry, events }: Pick<Reporting, "telemetry" | "events">,
): StorageWatch {
  return new StorageWatch({
    ...{ ledger, events },
    path: join(config.stateDir, "ledger.db"),
    options: ledgerOptions(config),
    changed: () => telemetry.lookAtHealth(),
  });
}

function watchTime(
  { clock }: AgentOptions,
  { time, enforcement }: AgentCore,
  { telemetry, events }: Pick<Reporting, "telemetry" | "events">,
): TimeWatch {
  return new TimeWatch({
    ...{ time, clock, events },
    jumped: (what) => telemetry.raiseBriefly("clock-jumped", what),
    enforce: () => enforcement.enforce(),
  });
}

/** What this host's operator says goes over whatever the cloud says. */
function letOperatorSpeak(
  options: AgentOptions,
  power: AgentCore,
  {
    opened,
    events,
    telemetry,
  }: Pick<Scope, "opened" | "events"> & Pick<Reporting, "telemetry">,
): OperatorOrders {
  const { ledger, cutter, protection, enforcement, receipts, chores } = power;
  const { clock } = power.time;
  const enforce = async () => {
    await enforcement.enforce();
    cutter?.cut("all"); // where the kernel drops by now what it let pass
  };
  const mode = opened.own(
    new ModeSwitch({ ledger, receipts, events, clock, enforce }),
  );
  const word = new OperatorOrders({
    ...{ mode, ledger, protection, clock, events },
    guardedBy: guardedBy(options, power),
    enforce: () => enforcement.enforce(),
    reviewAgain: () => chores.reviewAgain(),
    confirm: (range) => chores.confirm(range),
    tell: (code, what) => telemetry.reportOnce(code, withoutWho(what)),
  });
  word.goOn().catch((error: unknown) => events.maintenanceFailed(error));
  return word;
}

/** Changes that are large or wide are in force for good once they prove harmless. */
function tryChanges(
  options: AgentOptions,
  { ledger, time, protection, enforcement, cutter, chores }: AgentCore,
  {
    events,
    trust,
    telemetry,
    flows,
    starts,
  }: Scope &
    Pick<Reporting, "telemetry"> & { readonly flows: OpenFlows | undefined },
): Trials {
  return startTrials(options, {
    ...{ ledger, clock: time.clock, protection, enforcement, events },
    heardAt: () => trust.heads.freshAt,
    flowsCut: () => cutter?.begunHere ?? 0,
    flowsBegunHere: async () => (await flows?.flowCount())?.begunHere ?? 0,
    idle: starts.safeMode,
    settled: () => chores.reviewAgain(),
    failed: (what) => telemetry.raiseBriefly("change-taken-back", what),
  });
}

function startLink(
  options: AgentOptions,
  power: AgentCore,
  reporting: Reporting,
): CloudLink {
  const { telemetry, time: timeWatch, trust, trials, starts } = reporting;
  const { ledger, time, protection, approvals, limiter } = power;
  const { enforcement } = power;
  const { identity, config } = options;
  const { roots, heads: watch } = trust;
  const { clock } = time;
  const feeds = feedsOf(identity);
  const enforce = async () => {
    await enforcement.enforce();
    trials.watch.look();
  };
  const facts = () => protection.facts;
  void protection.lookAround();
  return startCloudLink({
    ...options,
    ...{ roots, watch, approvals, feeds, telemetry, enforce },
    boot: randomUUID(),
    snapshotFolder: join(config.stateDir, "snapshots"),
    positions: ledger,
    step: makeSteps({
      ...{ roots, feeds, facts, approvals, ledger, starts, limiter },
      ...{ enforce, clock, policy: config.guard, trial: trialTerms(config) },
    }),
    dated: (date) => timeWatch.dated(date),
    receipts: power.receipts,
    keys: power.keys,
    status: reporting.status,
    events: reporting.events,
    refreshFacts: () => protection.refresh(),
    impact: reporting.impact,
  });
}
