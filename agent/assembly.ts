import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { feedsOf } from "./config/identity.js";
import type { AgentCore, AgentOptions, Opening } from "./core.js";
import type { AgentEvents } from "./events/events.js";
import { holdingRule, type RuleName } from "./guard/guard.js";
import { ledgerOptions } from "./ledger/stand-in.js";
import { StorageWatch } from "./ledger/storage-watch.js";
import type { Cidr } from "./model/cidr.js";
import type { Fact } from "./protocol/statement.js";
import type { RunHistory } from "./safe-mode/run-history.js";
import type { OpenFlows } from "./sessions/open-flows.js";
import { withoutWho } from "./telemetry/items.js";
import { TimeWatch } from "./time/time-watch.js";
import type { Senses, Sensing } from "./walks/ban/defence.js";
import { PolicyDefence } from "./walks/ban/policy-defence.js";
import type { LinkStatus } from "./uplink/link-status.js";
import type { BanSteps } from "./walks/ban/ban-walk.js";
import { makeSteps, type StepPorts } from "./walks/ban/steps.js";
import { Carry } from "./walks/carry/carry.js";
import { NO_CARRY } from "./walks/carry/no-carry.js";
import { startCloudLink, type CloudLink } from "./walks/follow/cloud-link.js";
import { NO_LINK } from "./walks/follow/no-link.js";
import { ModeSwitch } from "./walks/operator/mode-switch.js";
import { OwnBans } from "./walks/operator/own-bans.js";
import { OperatorOrders } from "./walks/operator/operator-orders.js";
import type { ImpactWatch } from "./walks/telemetry/impact.js";
import { TelemetryWalk } from "./walks/telemetry/telemetry-walk.js";
import { VerdictWatch } from "./walks/telemetry/verdict-watch.js";
import { startTrials, trialTerms, type Trials } from "./walks/trial/trials.js";

/** Whom a part tells what it saw. */
interface Reporting {
  readonly events: AgentEvents;
  readonly telemetry: TelemetryWalk;
}

/** The one word on what this host does with bans. */
export const watchVerdict = (
  { ledger, enforcer, time, probe }: AgentCore,
  { events, runs }: Opening,
): VerdictWatch =>
  new VerdictWatch({
    ledger,
    enforcer,
    events,
    safeMode: runs.safeMode,
    clock: time.clock,
    unproven: () => probe?.failing,
  });

/** What the host sees is kept from here on, and told once there is a link. */
export function startTelemetry(
  { config, identity, version, clock, random }: AgentOptions,
  { ledger, enforcer, quarantined, trust, drift, probe, paths }: AgentCore,
  { status, events, runs }: Opening,
  told: { readonly senses: Senses; readonly verdict: VerdictWatch },
): TelemetryWalk {
  const { senses, verdict } = told;
  const telemetry = new TelemetryWalk({
    path: join(config.stateDir, "spool.db"),
    ...{ version, clock, random, events },
    agent: identity?.agent,
    mode: () => ledger.mode(),
    enforcer,
    ledger,
    link: status,
    contested: () => drift.view.contested ?? undefined,
    egress: config.enforce.egress,
    verdict: async () => (await verdict.look()).verdict,
    unshown: () => probe?.missing,
    uncovered: () => paths?.found ?? [],
    trust: () =>
      new Map([...trust.findings(), ...runs.findings(), ...senses.findings()]),
    sensors: () => senses.view(),
  });
  drift.tellTo((what) => telemetry.reportOnce("ruleset-disturbed", what));
  for (const { digest, feed } of runs.found) {
    telemetry.reportOnce("poison", `${digest} of ${feed ?? "an unknown feed"}`);
  }
  if (quarantined !== undefined) {
    telemetry.raiseBriefly("ledger-quarantined", quarantined.folder);
  }
  return telemetry;
}

/** Sensors, and bans of this host's own. */
export function defendItself(
  { config, clock }: AgentOptions,
  { ledger, time, protection, enforcement, policies }: AgentCore,
  { telemetry, events }: Reporting,
): Sensing & AsyncDisposable {
  return new PolicyDefence({
    policies,
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
export function watchStorage(
  { config }: AgentOptions,
  { ledger }: AgentCore,
  { telemetry, events }: Reporting,
): StorageWatch {
  return new StorageWatch({
    ledger,
    events,
    path: join(config.stateDir, "ledger.db"),
    options: ledgerOptions(config),
    changed: () => telemetry.lookAtHealth(),
  });
}

/** Where the time turns out to be another, the kernel is told how long bans last. */
export function watchTime(
  { clock }: AgentOptions,
  { time, enforcement }: AgentCore,
  { telemetry, events }: Reporting,
): TimeWatch {
  return new TimeWatch({
    time,
    clock,
    events,
    jumped: (what) => telemetry.raiseBriefly("clock-jumped", what),
    enforceSoon: () => enforcement.enforceSoon(),
  });
}

/** Changes that are large or wide are in force for good once they prove harmless. */
export function tryChanges(
  { config, identity }: AgentOptions,
  core: AgentCore,
  seen: Reporting & {
    readonly flows: OpenFlows | undefined;
    readonly runs: RunHistory;
    readonly status: Pick<LinkStatus, "carriedAt">;
  },
): Trials {
  const { ledger, time, protection, enforcement, cutter, recurring } = core;
  const { events, telemetry, flows, runs, status } = seen;
  return startTrials({
    config,
    ledger,
    clock: time.clock,
    protection,
    enforcement,
    events,
    heardAt: () =>
      identity === undefined
        ? core.time.clock.monotonic() // there is nobody who could fall silent
        : Math.max(core.trust.heads.freshAt, status.carriedAt),
    flowsCut: () => cutter?.begunHere ?? 0,
    flowsBegunHere: async () => (await flows?.flowCount())?.begunHere ?? 0,
    idle: runs.safeMode,
    settled: () => recurring.reviewAgain(),
    state: (fact) => telemetry.state(fact),
    failed: (what) => telemetry.raiseBriefly("change-taken-back", what),
  });
}

/** Follows the cloud; of this host's key the link is handed who signs with it. */
export function startLink(
  options: AgentOptions,
  core: AgentCore,
  { status, events, runs }: Opening,
  parts: {
    readonly telemetry: Pick<TelemetryWalk, "sayTo" | "acknowledged">;
    readonly time: Pick<TimeWatch, "dated">;
    readonly trials: { readonly watch: Pick<Trials["watch"], "look"> };
    readonly impact: Pick<ImpactWatch, "ask" | "mayAnswer">;
  },
): CloudLink {
  const { identity, config } = options;
  const { ledger, protection, approvals, enforcement, trust } = core;
  const { policies } = core;
  const enforce = async () => {
    await enforcement.enforce();
    parts.trials.watch.look();
  };
  void protection.lookAround();
  if (identity === undefined) return NO_LINK;
  return startCloudLink({
    identity,
    keys: core.keys,
    roots: trust.roots,
    heads: trust.heads,
    log: trust.log,
    approvals,
    policies,
    feeds: core.followed,
    way: options.way,
    version: options.version,
    boot: randomUUID(),
    snapshotFolder: join(config.stateDir, "snapshots"),
    clock: options.clock,
    random: options.random,
    positions: ledger,
    step: stepsOf(options, core, { runs, enforce }),
    receipts: core.receipts,
    status,
    events,
    dated: (date) => parts.time.dated(date),
    refreshFacts: () => protection.refresh(),
    telemetry: parts.telemetry,
    impact: parts.impact,
    enforce,
  });
}

/** Takes in what is carried here, where no link goes. */
export function takeCarried(
  options: AgentOptions,
  core: AgentCore,
  { status, events, runs }: Opening,
  parts: {
    readonly time: Pick<TimeWatch, "dated">;
    readonly trials: { readonly watch: Pick<Trials["watch"], "look"> };
  },
): Pick<Carry, "mark" | "receipts" | "apply"> {
  const { identity, config, clock } = options;
  if (identity === undefined) return NO_CARRY;
  const { ledger, approvals, enforcement, trust, receipts } = core;
  const enforce = async () => {
    await enforcement.enforce();
    parts.trials.watch.look();
  };
  return new Carry({
    ...{
      identity,
      ledger,
      approvals,
      receipts,
      status,
      events,
      clock,
      enforce,
    },
    folder: join(config.stateDir, "carry"),
    feeds: feedsOf(identity),
    roots: trust.roots,
    heads: trust.heads,
    step: stepsOf(options, core, { runs, enforce }),
    banClock: core.time.clock,
    dated: (date) => parts.time.dated(date),
  });
}

/** The steps of the ban walk, on what the core holds. */
export const stepsOf = (
  { config }: AgentOptions,
  core: AgentCore,
  more: Pick<StepPorts, "runs" | "enforce">,
): BanSteps =>
  makeSteps({
    roots: core.trust.roots,
    feeds: core.followed,
    policy: config.guard,
    facts: () => core.protection.facts,
    approvals: core.approvals,
    policies: core.policies,
    ring: core.approvals.ring,
    ledger: core.ledger,
    limiter: core.limiter,
    trial: trialTerms(config),
    runs: more.runs,
    enforce: more.enforce,
    clock: core.time.clock,
  });

/** What this host's operator says goes over whatever the cloud says. */
export function letOperatorOrder(
  options: AgentOptions,
  core: AgentCore,
  { opened, events }: Opening,
  telemetry: Pick<TelemetryWalk, "reportOnce" | "state">,
): OperatorOrders {
  const state = (fact: Fact) => telemetry.state(fact);
  const { ledger, cutter, protection, enforcement, receipts, recurring } = core;
  const { clock } = core.time;
  const enforceAndCut = async () => {
    await enforcement.enforce();
    cutter?.cut("all"); // where the kernel drops by now what it let pass
  };
  const mode = opened.own(
    new ModeSwitch({
      ...{ ledger, receipts, events, clock, state },
      enforce: enforceAndCut,
    }),
  );
  const facts = () => protection.facts;
  const { guard } = options.config;
  const orders = new OperatorOrders({
    mode,
    own: new OwnBans({ ledger, clock, guard, facts }),
    ownChanged: () => recurring.followPolicy(),
    ledger,
    protection,
    clock,
    events,
    state,
    guardedBy: guardedBy(options, core),
    enforce: () => enforcement.enforce(),
    reviewAgain: () => recurring.reviewAgain(),
    confirm: (range) => recurring.confirm(range),
    tell: (code, what) => telemetry.reportOnce(code, withoutWho(what)),
  });
  if (core.pauseEnded) state({ what: "pause-ended" });
  orders.goOn().catch((error: unknown) => events.maintenanceFailed(error));
  return orders;
}

/** The guard's rule that would hold a ban on a range, whichever feed's. */
export const guardedBy =
  ({ config }: AgentOptions, { protection, approvals }: AgentCore) =>
  (cidr: Cidr): RuleName | undefined =>
    holdingRule(cidr, protection.facts, config.guard, (range) =>
      approvals.allowAny(range),
    );
