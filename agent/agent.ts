import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { AgentOrders, AgentView } from "./agent-view.js";
import { BanTime } from "./ban-time.js";
import { startCloudLink, type CloudLink } from "./cloud-link.js";
import { CloudTrust } from "./cloud-trust.js";
import type { Clock } from "./clock.js";
import type { Config } from "./config/config.js";
import { feedsOf, type Identity } from "./config/identity.js";
import { startChores } from "./chores.js";
import { startContactWatch } from "./contacts.js";
import { Converger } from "./converge.js";
import { openCutter, type Cutter } from "./cut.js";
import { startDefence } from "./defend.js";
import { enforceFirst, Enforcement } from "./enforcement.js";
import type { Enforcer } from "./enforce/enforcer.js";
import { pickEnforcer } from "./enforce/pick.js";
import { makeEvents, type AgentEvents } from "./events.js";
import { holdingRule } from "./guard/guard.js";
import type { Boot } from "./host/boot.js";
import type { Ledger } from "./ledger/ledger.js";
import {
  openLedgerOrQuarantine,
  type Opened,
  type Quarantined,
} from "./ledger/quarantine.js";
import { Lifetime } from "./lifetime.js";
import { LinkStatus } from "./link-status.js";
import type { Logger } from "./log/logger.js";
import { ModeSwitch } from "./mode-switch.js";
import { protect } from "./protect.js";
import type { Protection } from "./protection.js";
import { recall, Receipts } from "./receipts.js";
import { Starts } from "./starts/keeper.js";
import { leftAlone } from "./starts/left-alone.js";
import { makeSteps } from "./steps.js";
import { TimeWatch } from "./time-watch.js";
import { TelemetryWalk } from "./telemetry-walk.js";
import type { SignedText } from "./protocol/signed-text.js";
import type { SigningKey } from "./trust/keys.js";
import { Upkeep } from "./upkeep.js";

export type { AgentOrders, AgentView };

/** Everything that an agent is started with. */
export interface AgentOptions {
  readonly config: Config;
  readonly identity: Identity;
  readonly deviceKey: SigningKey;
  /** Keeps a new root over a restart of the agent; throws when it cannot. */
  readonly keepRoot: (root: SignedText, fingerprint: string) => void;
  /** PEM of the authority of the cloud's certificate; undefined: the system's. */
  readonly ca: string | undefined;
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly boot: Boot;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random: () => number;
}

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
  const starts = opened.own(new Starts({ ...options, events }));
  const power = await openPower(options, { opened, status, events, starts });
  const { clock: banClock } = power.time;
  const trust = new CloudTrust({ ...options, clock: banClock, events });
  const scope = { opened, status, events, trust, starts };
  const telemetry = opened.own(startTelemetry(options, power, scope));
  const sensing = { telemetry, events, clock: options.clock };
  const contacts = opened.own(
    await startContactWatch({ ...power, ...sensing }),
  );
  if (!starts.safeMode) opened.own(defendItself(options, power, sensing));
  const time = opened.own(watchTime(options, power, sensing));
  const reporting = { status, events, telemetry, time, trust, starts };
  const link = opened.own(startLink(options, power, reporting));
  const { ledger, enforcer, cutter, protection } = power;
  const { enforcement, receipts, upkeep } = power;
  const enforce = async () => {
    await enforcement.enforce();
    cutter?.cut("all"); // where the kernel drops by now what it let pass
  };
  opened.defer(() => starts.ended());
  const lifetime = opened.release();
  return {
    ledger,
    enforcer,
    link: status,
    telemetry,
    trust,
    get cut() {
      return cutter?.status;
    },
    mode: new ModeSwitch({ ledger, receipts, events, enforce }),
    upkeep,
    clock: power.time.clock,
    facts: () => protection.facts,
    hits: () => enforcer.hits(),
    contacts: () => contacts.contacts(),
    guardedBy: (cidr) =>
      holdingRule(cidr, protection.facts, options.config.guard),
    safeMode: starts.safeMode,
    broken: Promise.race([link.broken, starts.over]),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** What holds power over the host; it works without any network. */
interface Power {
  readonly ledger: Ledger;
  /** Where an earlier ledger is that could not be believed any more. */
  readonly quarantined: Quarantined | undefined;
  readonly time: BanTime;
  readonly enforcer: Enforcer;
  /** Undefined where nothing is dropped anyway. */
  readonly cutter: Cutter | undefined;
  readonly protection: Protection;
  readonly enforcement: Enforcement;
  readonly upkeep: Upkeep;
  readonly receipts: Receipts;
}

interface Reporting extends Omit<Scope, "opened"> {
  readonly telemetry: TelemetryWalk;
  readonly time: TimeWatch;
}

interface Room {
  readonly opened: Lifetime;
  readonly status: LinkStatus;
  readonly events: AgentEvents;
  readonly starts: Starts;
}

interface Scope extends Room {
  readonly trust: CloudTrust;
}

async function openPower(
  options: AgentOptions,
  { opened, status, events, starts }: Room,
): Promise<Power> {
  const { config, identity, clock, platform } = options;
  const { backend } = config.enforce;
  const { ledger, quarantined } = openLedger(options, { opened, events });
  const time = opened.own(new BanTime({ clock, boot: options.boot, ledger }));
  const picked = opened.own(
    await pickEnforcer({ backend, platform, clock: time.clock }),
  );
  const enforcer = starts.safeMode ? leftAlone(picked) : picked;
  const cutter = await openCutter(enforcer, { backend, clock, events });
  if (cutter !== undefined) opened.own(cutter);
  if (quarantined !== undefined) await inheritMode(ledger, enforcer);
  const receipts = new Receipts({
    ...{ agent: identity.agent, deviceKey: options.deviceKey },
    ...{ backend, clock },
    mode: () => ledger.mode(),
  });
  const recovered = (revision: number) =>
    recall(receipts, ledger, { revision, nowMs: clock.now() });
  const { enforcement, upkeep } = keepEqual(options, {
    ...{ ledger, time, enforcer, cutter, recovered },
    ...{ opened, status, events, starts },
  });
  const enforceNow = () =>
    enforceFirst(enforcement, () => {
      recovered(ledger.revision());
      events.started(ledger.revision(), backend);
    });
  const protection = await protect(options, { enforcer, status, events }).catch(
    async (error: unknown) => {
      await enforceNow(); // what has been reviewed is in force all the same
      throw error;
    },
  );
  await enforceNow();
  if (!starts.safeMode) {
    upkeep.startLooking();
    const rooms = { ledger, time, protection, enforcement, events };
    opened.own(startChores(options, rooms));
  }
  const power = { ledger, quarantined, time, enforcer, cutter, protection };
  return { ...power, enforcement, upkeep, receipts };
}

/** What makes the kernel equal to the ledger, and keeps it so. */
function keepEqual(
  { config, clock, random }: AgentOptions,
  rooms: Pick<Power, "ledger" | "time" | "enforcer" | "cutter"> &
    Room & { recovered(revision: number): void },
): Pick<Power, "enforcement" | "upkeep"> {
  const { ledger, time, enforcer, cutter, opened, status, events } = rooms;
  const converger = new Converger({
    desired: ledger,
    enforcer,
    clock: time.clock,
    posture: () => ({ mode: ledger.mode(), egress: config.enforce.egress }),
    applied: (entries) => cutter?.cut(entries),
    mayReplace: () => status.hasCaughtUp,
    timers: time,
    holdsOff: () => upkeep.waits,
  });
  const recovered = (revision: number) => rooms.recovered(revision);
  const enforcement = opened.own(
    new Enforcement({ converger, clock, random, events, recovered }),
  );
  // Heard from before the first ruleset is there.
  const upkeep: Upkeep = opened.own(
    new Upkeep({
      ...{ ledger, enforcer, converger, enforcement, events },
      clock: time.clock,
    }),
  );
  return { enforcement, upkeep };
}

/** What the host sees is kept from here on, and told once there is a link. */
function startTelemetry(
  { config, version, clock, random }: AgentOptions,
  { ledger, enforcer, quarantined, upkeep }: Power,
  { status, events, trust, starts }: Scope,
): TelemetryWalk {
  const telemetry = new TelemetryWalk({
    path: join(config.stateDir, "spool.db"),
    ...{ version, clock, random, events, enforcer, ledger },
    link: status,
    contested: () => upkeep.view.contested ?? undefined,
    trust: () => new Map([...trust.findings(), ...starts.findings()]),
  });
  upkeep.tellTo((what) => telemetry.tellOf("ruleset-disturbed", what));
  for (const { digest, feed } of starts.found) {
    telemetry.tellOf("poison", `${digest} of ${feed ?? "an unknown feed"}`);
  }
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

function startLink(
  options: AgentOptions,
  { ledger, time, protection, enforcement, receipts }: Power,
  { status, events, telemetry, time: timeWatch, trust, starts }: Reporting,
): CloudLink {
  const { identity, config } = options;
  const { roots, watch } = trust;
  const feeds = feedsOf(identity);
  const enforce = () => enforcement.enforce();
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
      starts,
      enforce,
      clock: time.clock,
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

/** The ledger, without what another org's feed may have left in it. */
function openLedger(
  { config, identity, clock }: AgentOptions,
  { opened, events }: Pick<Scope, "opened" | "events">,
): Opened {
  const path = join(config.stateDir, "ledger.db");
  const { ledger, quarantined } = openLedgerOrQuarantine(path, clock);
  opened.own(ledger);
  if (quarantined !== undefined) {
    events.ledgerQuarantined(quarantined.folder, quarantined.why);
  }
  ledger.followOnly([...feedsOf(identity), "local"]);
  return { ledger, quarantined };
}

/** The kernel still knows what the damaged ledger was told: to drop or not. */
async function inheritMode(ledger: Ledger, enforcer: Enforcer): Promise<void> {
  const kernel = await enforcer.read();
  if (kernel.at === "present") ledger.setMode(kernel.posture.mode);
}
