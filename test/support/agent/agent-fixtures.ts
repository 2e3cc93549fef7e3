import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLink, stepsOf } from "../../../agent/assembly.js";
import { parseConfig, type Config } from "../../../agent/config/config.js";
import {
  openCore,
  type AgentCore,
  type AgentOptions,
  type CoreParts,
  type Opening,
} from "../../../agent/core.js";
import { makeEvents, type AgentEvents } from "../../../agent/events/events.js";
import type { GuardPolicy } from "../../../agent/guard/facts.js";
import type { Limits } from "../../../agent/guard/limits.js";
import type { Confirmed } from "../../../agent/ledger/unconfirmed.js";
import type { BanOp, Lift } from "../../../agent/model/ban.js";
import { formatCidr, parseCidr, type Cidr } from "../../../agent/model/cidr.js";
import {
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
import type { CloudLink } from "../../../agent/walks/follow/cloud-link.js";
import { identityFor } from "../cloud/fake-cloud.js";
import { keys } from "../vectors.js";
import { unpacked } from "./entries.js";
import { facts, policy } from "./host-facts.js";
import { noLimits, noTrialConfig } from "./limits.js";
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

export interface HostOptions extends Pick<CoreParts, "enforcer" | "mostBytes"> {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Whether another ledger's ruleset may be replaced at once; usually not. */
  readonly hasCaughtUp?: boolean;
  /** How much feeds may do here; all that there is unless given. */
  readonly limits?: Limits;
  /** What is tried; nothing unless given. */
  readonly trial?: Config["guard"]["trial"];
  readonly policy?: GuardPolicy;
}

/**
 * The core that ships, on a host that only pretends: `facts` are what it is, and
 * nothing happens by itself. What was logged while it opened is forgotten.
 */
export class TestHost implements AsyncDisposable {
  readonly log: RecordingLogger;
  readonly ledger: AgentCore["ledger"];
  readonly enforcer: AgentCore["enforcer"];
  readonly enforcement: AgentCore["enforcement"];
  readonly receipts: AgentCore["receipts"];
  readonly trust: AgentCore["trust"];
  readonly approvals: AgentCore["approvals"];
  readonly limiter: AgentCore["limiter"];
  readonly banClock: BanClock;
  readonly clock: Clock;
  readonly status: LinkStatus;
  readonly events: AgentEvents;
  readonly steps: BanSteps;
  /** Dates of the heads that were believed. */
  readonly dates: number[] = [];

  private constructor(
    readonly folder: string,
    readonly options: AgentOptions & Made,
    readonly opening: Opening,
    readonly core: AgentCore,
  ) {
    this.log = options.log;
    this.ledger = core.ledger;
    this.enforcer = core.enforcer;
    this.enforcement = core.enforcement;
    this.receipts = core.receipts;
    this.trust = core.trust;
    this.approvals = core.approvals;
    this.limiter = core.limiter;
    this.banClock = core.time.clock;
    this.clock = options.clock;
    this.status = opening.status;
    this.events = opening.events;
    const { runs } = opening;
    const enforce = () => core.enforcement.enforce();
    this.steps = stepsOf(options, core, { runs, enforce });
  }

  static async open(host: HostOptions = {}): Promise<TestHost> {
    const folder = mkdtempSync(join(tmpdir(), "tourniquet-"));
    await using opened = new Lifetime();
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const options = optionsFor(folder, host);
    const { config, clock, log } = options;
    const events = makeEvents(log);
    const status = new LinkStatus(clock);
    if (host.hasCaughtUp === true) status.caughtUp();
    const runs = opened.own(new RunHistory({ config, clock, events }));
    const { enforcer, mostBytes } = host;
    const core = await openCore(
      options,
      { opened, status, events, runs },
      {
        ...(enforcer && { enforcer }),
        ...(mostBytes !== undefined && { mostBytes }),
        readHost: () => Promise.resolve(facts),
        recurs: false,
      },
    );
    log.forget();
    const opening = { opened: opened.release(), status, events, runs };
    return new TestHost(folder, options, opening, core);
  }

  /** Fingerprints of the roots that were kept. */
  get keptRoots(): readonly string[] {
    return this.options.keptRoots;
  }

  /** Carries a segment out as if it had just come. */
  carryOut(bytes: Uint8Array): Promise<Outcome> {
    return carryOut(this.#delivery(bytes), this.steps);
  }

  /** Takes a snapshot in as if it had just come. */
  adopt(bytes: Uint8Array): Promise<Outcome> {
    return adopt(this.#delivery(bytes), this.steps);
  }

  /** Shows recorded bans to the guard, as happens once a minute. */
  tidy(): Promise<void> {
    return this.core.recurring.reviewAgain();
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
  async confirm(range?: Cidr): Promise<Confirmed> {
    const done = await this.core.recurring.confirm(range);
    await this.enforcement.enforce();
    return done;
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
    const options = { ...this.options, identity: identityFor(url) };
    const link = startLink(options, this.core, this.opening, {
      telemetry: { sayTo: () => undefined, acknowledged: () => undefined },
      time: { dated: (time) => void this.dates.push(time) },
      trials: { watch: { look: () => undefined } },
      impact: { ask: () => undefined, mayAnswer: () => true },
    });
    return this.opening.opened.own(link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opening.opened[Symbol.asyncDispose]();
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

/** What tests look at of what an agent is started with. */
interface Made {
  readonly log: RecordingLogger;
  readonly keptRoots: string[];
}

function optionsFor(folder: string, host: HostOptions): AgentOptions & Made {
  const { clock = systemClock, random = () => 0 } = host;
  const keptRoots: string[] = [];
  return {
    config: configFor(folder, host),
    identity: identityFor("http://127.0.0.1"),
    deviceKey: keys.device,
    keepRoot: (_, fingerprint) => void keptRoots.push(fingerprint),
    way: { ca: undefined, proxy: undefined },
    version: "0.0.0",
    platform: "linux",
    clock,
    boot: {
      id: 1,
      elapsed: () => clock.monotonic(),
      awake: () => clock.monotonic(),
    },
    log: new RecordingLogger(),
    random,
    keptRoots,
  };
}

/** As the customer would settle it, but for what no file may say. */
function configFor(folder: string, host: HostOptions): Config {
  const settled = {
    stateDir: folder,
    controlSocket: join(folder, "run/control.sock"),
    enforce: { backend: "dry-run" },
  };
  const config = parseConfig(settled, "test");
  const { limits = noLimits, trial = noTrialConfig } = host;
  const guard = { ...config.guard, ...(host.policy ?? policy), limits, trial };
  return { ...config, guard };
}
