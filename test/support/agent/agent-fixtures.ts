import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../agent/config/config.js";
import { feedsOf } from "../../../agent/config/identity.js";
import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import {
  type Enforcer,
  DEFAULT_POSTURE,
} from "../../../agent/enforce/enforcer.js";
import { makeEvents, type AgentEvents } from "../../../agent/events/events.js";
import type { GuardPolicy } from "../../../agent/guard/facts.js";
import type { Limits, Raised } from "../../../agent/guard/limits.js";
import { ApprovalStore } from "../../../agent/keyring/approval-store.js";
import { CloudTrust } from "../../../agent/keyring/cloud-trust.js";
import { DeviceKeys } from "../../../agent/keyring/device-keys.js";
import { Ledger } from "../../../agent/ledger/ledger.js";
import type { TrialTerms } from "../../../agent/ledger/trials.js";
import type { Confirmed } from "../../../agent/ledger/unconfirmed.js";
import type { BanOp, Lift } from "../../../agent/model/ban.js";
import { formatCidr, parseCidr, type Cidr } from "../../../agent/model/cidr.js";
import {
  asBanClock,
  systemClock,
  unixSeconds,
  type BanClock,
  type Clock,
} from "../../../agent/runtime/clock.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { RunHistory } from "../../../agent/safe-mode/run-history.js";
import { LinkStatus } from "../../../agent/uplink/link-status.js";
import {
  carryOut,
  adopt,
  type BanSteps,
  type Outcome,
} from "../../../agent/walks/ban/ban-walk.js";
import { FeedLimiter } from "../../../agent/walks/ban/feed-limiter.js";
import { ReReview } from "../../../agent/walks/ban/re-review.js";
import { Receipts } from "../../../agent/walks/ban/receipts.js";
import { makeSteps } from "../../../agent/walks/ban/steps.js";
import {
  startCloudLink,
  type CloudLink,
} from "../../../agent/walks/follow/cloud-link.js";
import { Reconciler } from "../../../agent/walks/reconcile/reconciler.js";
import { ReconcileRetries } from "../../../agent/walks/reconcile/retries.js";
import { identityFor } from "../cloud/fake-cloud.js";
import { keys } from "../vectors.js";
import { unpacked } from "./entries.js";
import { facts, policy } from "./host-facts.js";
import { noLimits, noTrial } from "./limits.js";
import { RecordingLogger } from "./recording-logger.js";

export { facts, policy, RecordingLogger };

/** A ban that runs for an hour from now. */
export const ban = (range: string, forS = 3_600): BanOp => ({
  op: "ban",
  cidr: parseCidr(range),
  expiresAt: unixSeconds(Date.now()) + forS,
  reason: "scanning",
  observed: false,
});

export const lift = (range: string): Lift => ({
  op: "lift",
  cidr: parseCidr(range),
});

/** What the guards stopped, as "10.0.0.0/8 too-wide". */
export const heldOf = (outcome: Outcome): readonly string[] =>
  outcome.kind === "refused"
    ? []
    : outcome.recorded.held.map(
        ({ cidr, held }) => `${formatCidr(cidr)} ${held}`,
      );

export interface HostOptions {
  readonly clock?: Clock;
  readonly enforcer?: Enforcer;
  readonly random?: () => number;
  /** Whether another ledger's ruleset may be replaced at once. */
  readonly mayReplace?: boolean;
  readonly mostBytes?: number;
  /** How much feeds may do here; all that there is unless given. */
  readonly limits?: Limits;
  readonly trial?: TrialTerms;
  readonly raised?: Raised;
  readonly policy?: GuardPolicy;
  /** What a test needs to go otherwise than it does. */
  readonly steps?: Partial<BanSteps>;
}

/** An agent's power over a host that only pretends: all of it but the network. */
export class TestHost implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tourniquet-"));
  readonly clock: Clock;
  readonly banClock: BanClock;
  readonly log = new RecordingLogger();
  readonly events: AgentEvents = makeEvents(this.log);
  readonly enforcer: Enforcer;
  readonly status: LinkStatus;
  readonly converger: Reconciler;
  readonly enforcement: ReconcileRetries;
  readonly receipts: Receipts;
  readonly trust: CloudTrust;
  readonly approvals: ApprovalStore;
  readonly #maintenance: ReReview;
  readonly #policy: GuardPolicy;
  /** Fingerprints of the roots that were kept. */
  readonly keptRoots: string[] = [];
  readonly steps: BanSteps;
  readonly limiter: FeedLimiter;
  /** How often a lasting failure was overcome. */
  recoveries = 0;
  /** At which revision of the ledger. */
  readonly recovered: number[] = [];
  /** Dates of the heads that were believed. */
  readonly dates: number[] = [];
  readonly #random: () => number;
  readonly #opened = new Lifetime();
  readonly ledger: Ledger;

  constructor(options: HostOptions = {}) {
    const { clock = systemClock, mayReplace = true } = options;
    this.clock = clock;
    this.banClock = asBanClock(clock);
    this.#random = options.random ?? (() => 0);
    this.receipts = new Receipts({
      trials: () => [],
      ...{ agent: "agent-1", backend: "dry-run" },
      ...{ deviceKey: keys.device, clock, mode: () => this.ledger.mode() },
    });
    this.trust = new CloudTrust({
      identity: identityFor("http://127.0.0.1"),
      config: parseConfig({}, "test"),
      clock: this.banClock,
      events: this.events,
      keepRoot: (_, fingerprint) => void this.keptRoots.push(fingerprint),
    });
    this.ledger = this.#open(options);
    this.#policy = options.policy ?? policy;
    this.approvals = this.#believe();
    this.enforcer = options.enforcer ?? new DryRunEnforcer(this.banClock);
    this.status = new LinkStatus(clock);
    this.converger = this.#makeConverger(mayReplace);
    this.enforcement = this.#opened.own(this.#startEnforcement());
    const { limits = noLimits, raised = {} } = options;
    this.limiter = new FeedLimiter({
      ...{ limits, ledger: this.ledger, clock, raised: () => raised },
    });
    this.steps = { ...this.#makeSteps(options), ...options.steps };
    this.#maintenance = this.#opened.own(this.#maintain());
  }

  /** Carries a segment out as if it had just come. */
  carryOut(bytes: Uint8Array): Promise<Outcome> {
    return carryOut(this.#delivery(bytes), this.steps);
  }

  /** Takes a snapshot in likewise. */
  adopt(bytes: Uint8Array): Promise<Outcome> {
    return adopt(this.#delivery(bytes), this.steps);
  }

  /** Shows recorded bans to the guard, as happens once a minute. */
  tidy(): Promise<void> {
    return this.#maintenance.run();
  }

  /** Which of these the kernel drops now. */
  async holds(...ranges: readonly string[]): Promise<readonly boolean[]> {
    return this.enforcer.hasBan(ranges.map(parseCidr));
  }

  /** What the ledger wants dropped, in order. */
  get ruleset(): readonly string[] {
    const now = unixSeconds(this.clock.now());
    return unpacked(this.ledger.entries(100, now)).map(({ cidr }) =>
      formatCidr(cidr),
    );
  }

  /** Lets in what its trial has held. */
  confirm(range?: Cidr): Promise<Confirmed> {
    return this.#maintenance.confirm(range);
  }

  /** Snapshots that lie around, whole or in part. */
  files(): readonly string[] {
    const folder = join(this.folder, "snapshots");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  /** Everything that a refusal must leave alone. */
  async state() {
    return {
      positions: this.ledger.positions(),
      revision: this.ledger.revision(),
      ruleset: this.ruleset,
      kernel: await this.enforcer.read(),
    };
  }

  /** Follows a cloud until disposed. */
  connect(url: string): CloudLink {
    const identity = identityFor(url);
    return this.#opened.own(
      startCloudLink({
        identity,
        keys: new DeviceKeys(keys.device, undefined),
        roots: this.trust.roots,
        heads: this.trust.heads,
        approvals: this.approvals,
        ca: undefined,
        version: "0.0.0",
        boot: "6f2b4c1e-0d5a-4b7e-9a43-1f0c8a2d9e77",
        snapshotFolder: join(this.folder, "snapshots"),
        clock: this.clock,
        random: this.#random,
        feeds: feedsOf(identity),
        positions: this.ledger,
        step: this.steps,
        receipts: this.receipts,
        status: this.status,
        events: this.events,
        telemetry: {
          sayTo: () => undefined,
          acknowledged: () => undefined,
        },
        impact: { ask: () => undefined },
        dated: (time) => void this.dates.push(time),
        refreshFacts: () => Promise.resolve(),
        enforce: () => this.enforcement.enforce(),
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #open({ mostBytes }: HostOptions): Ledger {
    const path = join(this.folder, "ledger.db");
    const options = mostBytes === undefined ? {} : { mostBytes };
    return this.#opened.own(Ledger.open(path, options));
  }

  #believe(): ApprovalStore {
    const approvals = new ApprovalStore({
      agent: "agent-1",
      feeds: feedsOf(identityFor("http://127.0.0.1")),
      roots: this.trust.roots,
      ledger: this.ledger,
      clock: this.banClock,
      events: this.events,
    });
    approvals.onChanged(() => void this.tidy());
    return approvals;
  }

  #maintain(): ReReview {
    return new ReReview({
      ledger: this.ledger,
      facts: () => facts,
      policy: this.#policy,
      approvals: this.approvals,
      limiter: this.limiter,
      trial: noTrial,
      clock: this.banClock,
      events: this.events,
      enforce: () => this.enforcement.enforce(),
    });
  }

  #makeConverger(mayReplace: boolean): Reconciler {
    const { status } = this;
    return new Reconciler({
      desired: this.ledger,
      enforcer: this.enforcer,
      clock: this.banClock,
      posture: () => ({ ...DEFAULT_POSTURE, mode: this.ledger.mode() }),
      applied: () => undefined,
      mayReplace: () => mayReplace || status.hasCaughtUp,
    });
  }

  #startEnforcement(): ReconcileRetries {
    const { clock, events, converger } = this;
    return new ReconcileRetries({
      reconciler: converger,
      clock,
      random: this.#random,
      events,
      recovered: (revision) => this.#recovered(revision),
    });
  }

  #recovered(revision: number): void {
    this.recoveries++;
    this.recovered.push(revision);
    const [newest] = this.ledger.outcomes(1);
    const at = newest && this.ledger.position(newest.position.feed);
    if (newest === undefined || at === undefined) return;
    const earlier = { ...newest, position: at };
    this.receipts.recall([earlier], this.clock.now());
  }

  #startRun(): RunHistory {
    const config = parseConfig({ stateDir: this.folder }, "test");
    const { clock, events } = this;
    return this.#opened.own(new RunHistory({ config, clock, events }));
  }

  #makeSteps(options: HostOptions): BanSteps {
    const { trial = noTrial } = options;
    const identity = identityFor("http://127.0.0.1");
    const { ledger } = this;
    return makeSteps({
      limiter: this.limiter,
      trial,
      roots: this.trust.roots,
      feeds: feedsOf(identity),
      policy: this.#policy,
      approvals: this.approvals,
      facts: () => facts,
      ledger,
      runs: this.#startRun(),
      enforce: () => this.enforcement.enforce(),
      clock: this.banClock,
    });
  }

  #delivery(bytes: Uint8Array) {
    const { clock } = this;
    return {
      bytes,
      receivedAt: clock.now(),
      arrivedAt: clock.monotonic(),
    };
  }
}
