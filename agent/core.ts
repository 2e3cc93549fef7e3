import { join } from "node:path";
import { believe, type Believed } from "./believed.js";
import type { Config } from "./config/config.js";
import type { Identity } from "./config/identity.js";
import type { Enforcer } from "./enforce/enforcer.js";
import { pickEnforcer } from "./enforce/pick.js";
import type { AgentEvents } from "./events/events.js";
import type { HostFacts } from "./guard/facts.js";
import type { Boot } from "./host/boot.js";
import { UncoveredPaths } from "./host/paths.js";
import { ApprovalStore } from "./keyring/approval-store.js";
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
import {
  NO_RECURRING,
  reviewWhenAsked,
  startRecurring,
  type Recurring,
} from "./recurring.js";
import { unixSeconds } from "./runtime/clock.js";
import type { Clock } from "./runtime/clock.js";
import type { Lifetime } from "./runtime/lifetime.js";
import { readOnly } from "./safe-mode/read-only-enforcer.js";
import type { RunHistory } from "./safe-mode/run-history.js";
import { BanTime } from "./time/ban-time.js";
import type { SigningKey } from "./trust/keys.js";
import type { LinkStatus } from "./uplink/link-status.js";
import type { Way } from "./uplink/reach.js";
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
  /** Undefined on a host that stands alone, without a cloud. */
  readonly identity: Identity | undefined;
  readonly deviceKey: SigningKey;
  /** Absent where the key is not the agent's to change. */
  readonly keyStore?: KeyStore;
  /** Keeps a new root over a restart of the agent; throws when it cannot. */
  readonly keepRoot: (root: SignedText, fingerprint: string) => void;
  readonly way: Way;
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
  readonly runs: RunHistory;
}

/** What a test may hand in; an agent that ships opens or reads it here. */
export interface CoreParts {
  /** What bans are dropped with; its owner closes it. */
  readonly enforcer?: Enforcer;
  /** What this host is; releases by its operator are added. */
  readonly readHost?: () => Promise<HostFacts>;
  /** Of the ledger, in bytes: no setting asks for one that is soon full. */
  readonly mostBytes?: number;
  /**
   * Whether something happens by itself: audits, reviews, and looks at the
   * network. If not, recorded bans are reviewed when somebody asks for it.
   */
  readonly recurs?: boolean;
}

/** What holds power over the host; it works without any network. */
export interface AgentCore extends Pick<
  Believed,
  "trust" | "policies" | "followed"
> {
  readonly ledger: Ledger;
  /** Where an earlier ledger is that could not be believed any more. */
  readonly quarantined: Quarantined | undefined;
  /** Whether a pause had come to its end by this start. */
  readonly pauseEnded: boolean;
  readonly time: BanTime;
  readonly enforcer: Enforcer;
  /** Undefined where nothing is dropped anyway. */
  readonly cutter: SessionCutter | undefined;
  readonly protection: Protection;
  readonly reconciler: Reconciler;
  readonly enforcement: ReconcileRetries;
  readonly drift: DriftControl;
  /** Undefined where nothing is dropped anyway. */
  readonly probe: EnforcementProbe | undefined;
  /** Ways past the rules; undefined where nothing is dropped anyway. */
  readonly paths: UncoveredPaths | undefined;
  readonly receipts: Receipts;
  readonly keys: DeviceKeys;
  readonly approvals: ApprovalStore;
  readonly limiter: FeedLimiter;
  readonly recurring: Recurring;
}

/**
 * Opens all of it, in this order:
 *
 * 1. the ledger, which is the truth, and the time that its bans expire by;
 * 2. the kernel's side, of which nothing is changed yet;
 * 3. what the cloud is believed by, and what the customer's policy allows by that;
 * 4. what this host answers with, since whatever comes into force is answered;
 * 5. drift control, which hears of others' changes before there are rules of ours;
 * 6. protected addresses, and only then the bans: no moment is without the former.
 *    Should protecting fail, what has been reviewed is in force all the same;
 * 7. what shows on packets that bans are in force;
 * 8. what recorded bans are held against, and looks at them again.
 */
export async function openCore(
  options: AgentOptions,
  opening: Opening,
  parts: CoreParts = {},
): Promise<AgentCore> {
  const { config, clock } = options;
  const { opened, status, events, runs } = opening;
  const { ledger, quarantined } = openLedger(options, opening, parts);
  const time = opened.own(new BanTime({ clock, boot: options.boot, ledger }));
  const dropping = await openKernel(options, { time, parts }, opening);
  if (quarantined !== undefined) await inheritMode(ledger, dropping.enforcer);
  const now = unixSeconds(time.clock.now());
  const pauseEnded = ledger.overrides.endPause(now);
  const believed = await believe({
    ...{ ...options, ledger, events, clock: time.clock },
  });
  const answers = openAnswers(options, ledger, believed);
  const recovered = (revision: number) =>
    recall(answers.receipts, ledger, { revision, nowMs: clock.now() });
  const kernel = { ledger, time, ...dropping };
  const kept = keepEqual(options, kernel, opening, recovered);
  const enforceNow = () =>
    enforceFirst(kept.enforcement, () => {
      recovered(ledger.revision());
      events.started(ledger.revision(), config.enforce.backend);
    });
  const policy = () => believed.allowedHere.facts();
  const protection = await protect(
    { config, identity: options.identity, readHost: parts.readHost },
    { ...kernel, status, events, policy },
  ).finally(enforceNow);
  const recurs = !runs.safeMode && parts.recurs !== false;
  if (recurs) kept.drift.startLooking();
  const reviewed = { ...kernel, protection, enforcement: kept.enforcement };
  const shown = openProbe(options, reviewed, opening);
  const looked = { ...reviewed, ...shown, ...believed, ...answers, recurs };
  const judged = keepJudging(options, looked, opening);
  return {
    ...kernel,
    ...answers,
    ...kept,
    ...shown,
    ...judged,
    ...{ trust: believed.trust, policies: believed.policies },
    ...{ followed: believed.followed, protection, quarantined },
    pauseEnded,
  };
}

/** What bans are dropped with, and what cuts the sessions they find open. */
async function openKernel(
  { config, platform, clock }: AgentOptions,
  from: { readonly time: BanTime; readonly parts: CoreParts },
  { opened, events, runs }: Opening,
): Promise<Pick<AgentCore, "enforcer" | "cutter">> {
  const { backend } = config.enforce;
  const pick = () =>
    pickEnforcer({ backend, platform, clock: from.time.clock });
  const picked = from.parts.enforcer ?? opened.own(await pick());
  const enforcer = runs.safeMode ? readOnly(picked) : picked;
  const cutter = await openSessionCutter(enforcer, { backend, clock, events });
  if (cutter !== undefined) opened.own(cutter);
  return { enforcer, cutter };
}

/** What this host answers with: its key, and its receipts. */
function openAnswers(
  { config, identity, deviceKey, keyStore, clock }: AgentOptions,
  ledger: Ledger,
  { policies, followed }: Pick<AgentCore, "policies" | "followed">,
): Pick<AgentCore, "keys" | "receipts"> {
  const keys = new DeviceKeys(deviceKey, keyStore);
  const receipts = new Receipts({
    agent: identity?.agent ?? "",
    deviceKey: keys,
    backend: config.enforce.backend,
    clock,
    mode: () => ledger.mode(),
    trials: () => ledger.trials(),
    policy: () => policies.current?.document.version,
    follows: (feed) => followed().includes(feed),
  });
  return { keys, receipts };
}

type Kernel = Pick<AgentCore, "ledger" | "time" | "enforcer" | "cutter">;

type Reviewed = Kernel & Pick<AgentCore, "protection" | "enforcement">;

/** What makes the kernel equal to the ledger, and keeps it so. */
function keepEqual(
  { config, clock, random }: AgentOptions,
  { ledger, time, enforcer, cutter }: Kernel,
  { opened, status, events }: Opening,
  recovered: (revision: number) => void,
): Pick<AgentCore, "reconciler" | "enforcement" | "drift"> {
  const reconciler = new Reconciler({
    desired: ledger,
    enforcer,
    clock: time.clock,
    posture: () => ({ mode: ledger.mode(), egress: config.enforce.egress }),
    applied: (entries) => cutter?.cut(entries),
    mayReplace: () => status.hasCaughtUp,
    timers: time,
  });
  const enforcement = opened.own(
    new ReconcileRetries({ reconciler, clock, random, events, recovered }),
  );
  const drift = opened.own(
    new DriftControl({
      ledger,
      enforcer,
      reconciler,
      enforcement,
      events,
      clock: time.clock,
    }),
  );
  reconciler.holdOffWhile(() => drift.waits);
  return { reconciler, enforcement, drift };
}

/** What shows whether packets are stopped, and which never come by here. */
function openProbe(
  { config: { enforce, guard }, clock }: AgentOptions,
  { ledger, time, enforcer, protection, enforcement }: Reviewed,
  { opened, events }: Opening,
): Pick<AgentCore, "probe" | "paths"> {
  if (enforce.backend === "dry-run") {
    return { probe: undefined, paths: undefined };
  }
  const probe = opened.own(
    new EnforcementProbe({
      ledger,
      enforcer,
      events,
      policy: guard,
      clock: time.clock,
      facts: () => protection.facts,
      enforce: () => enforcement.enforce(),
    }),
  );
  const unread = (why: unknown) => events.pathsUnseen(why);
  return { probe, paths: new UncoveredPaths({ clock, unread }) };
}

/** What recorded bans are held against, and are again when it changes. */
function keepJudging(
  { config, identity }: AgentOptions,
  reviewed: Reviewed &
    Believed &
    Pick<AgentCore, "probe" | "paths" | "receipts"> & {
      readonly recurs: boolean;
    },
  { opened, events, runs }: Opening,
): Pick<AgentCore, "approvals" | "limiter" | "recurring"> {
  const { ledger, time, protection, enforcement, probe, paths } = reviewed;
  const { trust, policies, allowedHere, receipts, followed } = reviewed;
  const { clock } = time;
  const approvals = new ApprovalStore({
    agent: identity?.agent ?? "",
    feeds: followed,
    roots: trust.roots,
    ...{ clock, ledger, events },
  });
  const limiter = new FeedLimiter({
    limits: config.guard.limits,
    ledger,
    clock,
    raised: (feed, now) => approvals.limitsOf(feed, now),
  });
  const recurring = runs.safeMode
    ? NO_RECURRING
    : opened.own(
        (reviewed.recurs ? startRecurring : reviewWhenAsked)({
          config,
          ...{ ledger, time, protection, approvals, policies },
          limiter,
          enforcement,
          probe,
          paths,
          ...{ events, allowedHere, receipts, followed },
        }),
      );
  approvals.onChanged(() => void recurring.reviewAgain());
  policies.onChanged(() => {
    receipts.keepOnly(followed());
    void recurring.followPolicy().then(() => receipts.sayPolicy());
  });
  return { approvals, limiter, recurring };
}

/** The ledger, or what takes its place. */
function openLedger(
  { config, clock }: AgentOptions,
  { opened, events }: Opening,
  { mostBytes }: CoreParts,
): Opened {
  const path = join(config.stateDir, "ledger.db");
  const { ledger, quarantined } = openLedgerInAnyCase(path, clock, {
    ...ledgerOptions(config),
    ...(mostBytes !== undefined && { mostBytes }),
  });
  if (ledger.storage().isStandIn) events.ledgerStoodInFor(path);
  opened.own(ledger);
  if (quarantined !== undefined) {
    events.ledgerQuarantined(quarantined.folder, quarantined.why);
  }
  return { ledger, quarantined };
}

/** The kernel still knows what the damaged ledger was told: to drop or not. */
async function inheritMode(ledger: Ledger, enforcer: Enforcer): Promise<void> {
  const kernel = await enforcer.read();
  if (kernel.at !== "absent") ledger.setMode(kernel.posture.mode);
}
