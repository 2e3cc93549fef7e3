import { join } from "node:path";
import type { Config } from "./config/config.js";
import { feedsOf, type Identity } from "./config/identity.js";
import type { Enforcer } from "./enforce/enforcer.js";
import { pickEnforcer } from "./enforce/pick.js";
import type { AgentEvents } from "./events/events.js";
import type { Boot } from "./host/boot.js";
import { UncoveredPaths } from "./host/paths.js";
import { ApprovalStore } from "./keyring/approval-store.js";
import { CloudTrust } from "./keyring/cloud-trust.js";
import { DeviceKeys, type KeyStore } from "./keyring/device-keys.js";
import type { Ledger } from "./ledger/ledger.js";
import {
  openLedgerInAnyCase,
  type Opened,
  type Quarantined,
} from "./ledger/quarantine.js";
import { ledgerOptions } from "./ledger/stand-in.js";
import type { Logger } from "./log/logger.js";
import { protect } from "./protect/open-protection.js";
import type { Protection } from "./protect/protection.js";
import type { SignedText } from "./protocol/signed-text.js";
import { NO_RECURRING, startRecurring, type Recurring } from "./recurring.js";
import { unixSeconds } from "./runtime/clock.js";
import type { Clock } from "./runtime/clock.js";
import type { Lifetime } from "./runtime/lifetime.js";
import { readOnly } from "./safe-mode/read-only-enforcer.js";
import type { RunHistory } from "./safe-mode/run-history.js";
import { BanTime } from "./time/ban-time.js";
import type { SigningKey } from "./trust/keys.js";
import type { LinkStatus } from "./uplink/link-status.js";
import { FeedLimiter } from "./walks/ban/feed-limiter.js";
import { recall, Receipts } from "./walks/ban/receipts.js";
import { DriftControl } from "./walks/reconcile/drift-control.js";
import { EnforcementProbe } from "./walks/reconcile/probe.js";
import { Reconciler } from "./walks/reconcile/reconciler.js";
import { enforceFirst, ReconcileRetries } from "./walks/reconcile/retries.js";
import {
  openSessionCutter,
  type SessionCutter,
} from "./walks/reconcile/session-cutter.js";

/** Everything that an agent is started with. */
export interface AgentOptions {
  readonly config: Config;
  readonly identity: Identity;
  readonly deviceKey: SigningKey;
  /** Absent where the key is not the agent's to change. */
  readonly keyStore?: KeyStore;
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

/** Where rooms are opened: what closes them, and who is told of them. */
export interface Opening {
  readonly opened: Lifetime;
  readonly status: LinkStatus;
  readonly events: AgentEvents;
  readonly starts: RunHistory;
}

/** What holds power over the host; it works without any network. */
export interface AgentCore {
  readonly ledger: Ledger;
  /** Where an earlier ledger is that could not be believed any more. */
  readonly quarantined: Quarantined | undefined;
  readonly time: BanTime;
  readonly enforcer: Enforcer;
  /** Undefined where nothing is dropped anyway. */
  readonly cutter: SessionCutter | undefined;
  readonly protection: Protection;
  readonly enforcement: ReconcileRetries;
  readonly upkeep: DriftControl;
  /** Undefined where nothing is dropped anyway. */
  readonly prover: EnforcementProbe | undefined;
  /** Ways past the rules; undefined where nothing is dropped anyway. */
  readonly paths: UncoveredPaths | undefined;
  readonly receipts: Receipts;
  readonly keys: DeviceKeys;
  readonly trust: CloudTrust;
  readonly approvals: ApprovalStore;
  readonly limiter: FeedLimiter;
  readonly chores: Recurring;
}

/**
 * Opens all of it: the ledger first, then the kernel brought to what the ledger
 * says, protected addresses before any ban.
 */
export async function openCore(
  options: AgentOptions,
  { opened, status, events, starts }: Opening,
): Promise<AgentCore> {
  const { config, identity, clock, platform } = options;
  const { backend } = config.enforce;
  const { ledger, quarantined } = openLedger(options, { opened, events });
  const time = opened.own(new BanTime({ clock, boot: options.boot, ledger }));
  const picked = opened.own(
    await pickEnforcer({ backend, platform, clock: time.clock }),
  );
  const enforcer = starts.safeMode ? readOnly(picked) : picked;
  const cutter = await openSessionCutter(enforcer, { backend, clock, events });
  if (cutter !== undefined) opened.own(cutter);
  if (quarantined !== undefined) await inheritMode(ledger, enforcer);
  const keys = new DeviceKeys(options.deviceKey, options.keyStore);
  ledger.overrides.endPause(unixSeconds(time.clock.now()));
  const receipts = new Receipts({
    ...{ agent: identity.agent, deviceKey: keys },
    ...{ backend, clock, mode: () => ledger.mode() },
    trials: () => ledger.trials(),
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
  const protection = await protect(options, {
    ...{ ledger, time, enforcer, status, events },
  }).catch(async (error: unknown) => {
    await enforceNow(); // what has been reviewed is in force all the same
    throw error;
  });
  await enforceNow();
  if (!starts.safeMode) upkeep.startLooking();
  const proving = { ledger, time, enforcer, protection, enforcement };
  const proven = openProofs(options, { ...proving, opened, events });
  const rooms = { ledger, time, protection, enforcement, ...proven, events };
  const power = { ledger, quarantined, time, enforcer, cutter, protection };
  const judged = keepJudging(options, { ...rooms, opened, starts });
  const said = { receipts, keys };
  return { ...power, enforcement, upkeep, ...proven, ...said, ...judged };
}

/** What recorded bans are held against, and are again when it changes. */
function keepJudging(
  options: AgentOptions,
  rooms: Pick<
    AgentCore,
    "ledger" | "time" | "protection" | "enforcement" | "prover" | "paths"
  > &
    Omit<Opening, "status">,
): Pick<AgentCore, "trust" | "approvals" | "limiter" | "chores"> {
  const { ledger, opened, events } = rooms;
  const { clock } = rooms.time;
  const trust = new CloudTrust({ ...options, clock, events });
  const changed = () => void chores.reviewAgain();
  const approvals = believe(options, { ...rooms, trust, changed });
  const limiter = new FeedLimiter({
    ...{ limits: options.config.guard.limits, ledger, clock },
    raised: (feed, now) => approvals.limitsOf(feed, now),
  });
  const judged = { ...rooms, approvals, limiter };
  const chores: Recurring = rooms.starts.safeMode
    ? NO_RECURRING
    : opened.own(startRecurring(options, judged));
  return { trust, approvals, limiter, chores };
}

/** What the critical keys have allowed on this host so far. */
function believe(
  { identity }: AgentOptions,
  rooms: Pick<AgentCore, "ledger" | "time" | "trust"> &
    Pick<Opening, "events"> & { changed(): void },
): ApprovalStore {
  return new ApprovalStore({
    agent: identity.agent,
    feeds: feedsOf(identity),
    roots: rooms.trust.roots,
    clock: rooms.time.clock,
    ...{ ledger: rooms.ledger, events: rooms.events },
    changed: () => rooms.changed(),
  });
}

/** What makes the kernel equal to the ledger, and keeps it so. */
function keepEqual(
  { config, clock, random }: AgentOptions,
  rooms: Pick<AgentCore, "ledger" | "time" | "enforcer" | "cutter"> &
    Opening & { recovered(revision: number): void },
): Pick<AgentCore, "enforcement" | "upkeep"> {
  const { ledger, time, enforcer, cutter, opened, status, events } = rooms;
  const converger = new Reconciler({
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
    new ReconcileRetries({
      reconciler: converger,
      clock,
      random,
      events,
      recovered,
    }),
  );
  // Heard from before the first ruleset is there.
  const upkeep: DriftControl = opened.own(
    new DriftControl({
      ...{ ledger, enforcer, reconciler: converger, enforcement, events },
      clock: time.clock,
    }),
  );
  return { enforcement, upkeep };
}

/** What shows whether packets are stopped, and which never come by here. */
function openProofs(
  { config: { enforce, guard }, clock }: AgentOptions,
  rooms: Pick<
    AgentCore,
    "ledger" | "time" | "enforcer" | "protection" | "enforcement"
  > &
    Pick<Opening, "opened" | "events">,
): Pick<AgentCore, "prover" | "paths"> {
  if (enforce.backend === "dry-run") {
    return { prover: undefined, paths: undefined };
  }
  const { time, protection, enforcement, opened, ...ports } = rooms;
  const prover = opened.own(
    new EnforcementProbe({
      ...{ ...ports, policy: guard, clock: time.clock },
      facts: () => protection.facts,
      enforce: () => enforcement.enforce(),
    }),
  );
  const unread = (why: unknown) => ports.events.pathsUnseen(why);
  return { prover, paths: new UncoveredPaths({ clock, unread }) };
}

/** The ledger, without what another org's feed may have left in it. */
function openLedger(
  { config, identity, clock }: AgentOptions,
  { opened, events }: Pick<Opening, "opened" | "events">,
): Opened {
  const path = join(config.stateDir, "ledger.db");
  const { ledger, quarantined } = openLedgerInAnyCase(
    path,
    clock,
    ledgerOptions(config),
  );
  if (ledger.storage().isStandIn) events.ledgerStoodInFor(path);
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
  if (kernel.at !== "absent") ledger.setMode(kernel.posture.mode);
}
