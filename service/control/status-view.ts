import type { AgentView } from "../../agent/agent.js";
import type { KernelState } from "../../agent/enforce/enforcer.js";
import {
  sentenceOf,
  type Does,
  type Finding,
} from "../../agent/health/verdict.js";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Total } from "../../agent/model/hit.js";
import type { Mode } from "../../agent/model/mode.js";
import type { StorageState } from "../../agent/model/storage.js";
import { unixSeconds, type BanClock } from "../../agent/runtime/clock.js";
import type { SensorView } from "../../agent/sensors/sensor-view.js";
import type { Can } from "../../agent/sessions/ability.js";
import type { LastHourView } from "../../agent/telemetry/last-hour.js";
import { isoTime } from "../../agent/text/time.js";
import type { CloudContact } from "../../agent/uplink/link-status.js";
import type { DriftView } from "../../agent/walks/reconcile/drift-control.js";
import type { Proof, ProbeView } from "../../agent/walks/reconcile/probe.js";
import type { CutStatus } from "../../agent/walks/reconcile/session-cutter.js";
import type { VerdictView } from "../../agent/walks/telemetry/verdict-watch.js";
import { carriedView, type CarriedView } from "./carried-view.js";
import { unfinishedUpgrade, type UnfinishedUpgrade } from "../version.js";
import { feedViews, type FeedView } from "./feed-views.js";
import { sumOf } from "./hits-view.js";
import { logView, type LogView } from "./log-view.js";
import { policyView, type PolicyView } from "./policy-view.js";
import { configurationOf, type Refused } from "./reload-view.js";

/** What `tourniquet status --json` prints. Times are ISO 8601. */
export interface StatusView {
  readonly version: string;
  /** What this host does with bans, in one word: what all the rest amounts to. */
  readonly verdict: VerdictReport;
  /** Who this host is to its cloud; null where it stands alone. */
  readonly identity: Record<"agent" | "org" | "cloud" | "url", string> | null;
  /** The kernel holds what the ledger says, and drops it; no proof says otherwise. */
  readonly enforcing: boolean;
  readonly mode: Mode;
  /** When a pause ends; null when there is none. */
  readonly pausedUntil: string | null;
  /** The agent kept crashing and changes nothing for a while. */
  readonly safeMode: boolean;
  readonly kernel: {
    readonly at: "absent" | "present";
    readonly revision: number | null;
  };
  readonly ledger: { readonly id: number; readonly revision: number };
  readonly storage: {
    readonly state: StorageState;
    /** Orders that nothing but the agent's process remembers. */
    readonly untilRestart: readonly string[];
  };
  readonly cloud: LinkView;
  /** The last bundle that was carried here by hand; null for none. */
  readonly carried: CarriedView | null;
  /** What was seen of the log of all that the cloud ever decided. */
  readonly log: LogView;
  readonly policy: PolicyView;
  readonly feeds: readonly FeedView[];
  /** Changes in force for a short while, until they have proved harmless. */
  readonly trials: readonly TrialReport[];
  readonly protected: Record<"own" | "gateways" | "cloud", readonly string[]>;
  /** All that bans matched, since the kernel has had these counters. */
  readonly hits: { readonly packets: number; readonly bytes: number };
  /** The same of the last hour. */
  readonly lastHour: LastHourReport;
  /** Null where nothing is dropped. */
  readonly sessions: SessionsView | null;
  readonly upkeep: UpkeepReport;
  /** Null where nothing is dropped. */
  readonly proof: ProofReport | null;
  /** Ways on which packets pass this host without meeting a ban. */
  readonly uncovered: readonly string[];
  /** What sensors have read since the agent started, one for each place. */
  readonly sensors: readonly SensorReport[];
  /** Of processes that called banned addresses: what is not shown of them. */
  readonly contacts: { readonly forgotten: number; readonly lost: number };
  /** What the files of the configuration say that is not taken; null for nothing. */
  readonly configuration: ReturnType<typeof configurationOf>["configuration"];
  readonly memoryMb: number;
  /** Null, unless an upgrade failed or was cut off, and the former program runs on. */
  readonly upgrade: UnfinishedUpgrade | null;
}

export interface VerdictReport {
  readonly does: Does;
  /** The gravest finding's sentence. */
  readonly text: string;
  /** Since when it is so; at the earliest since the agent started. */
  readonly since: string;
  readonly findings: readonly (Pick<Finding, "kind" | "does" | "text"> & {
    /** What may be done about it; null for nothing. */
    readonly advice: string | null;
  })[];
}

/** Open sessions of banned addresses, since the agent started. */
export interface SessionsView {
  /** How many were cut. */
  readonly sockets: number;
  readonly flows: number;
  /** What this kernel can't cut, and why. */
  readonly outOfReach: readonly string[];
  readonly lastFailure: { readonly at: string; readonly why: string } | null;
}

/** How the kernel has been kept equal to the ledger since the agent started. */
export interface UpkeepReport {
  /** Disturbances by others that were put right. */
  readonly healed: number;
  /** Who keeps undoing the bans. */
  readonly contested: string | null;
  readonly audit: {
    /** When all but the bans was compared last. */
    readonly looked: string | null;
    /** When the last round through all the bans ended. */
    readonly roundEnded: string | null;
    readonly rounds: number;
    /** Bans looked up in the kernel. */
    readonly checked: number;
    /** Differences found. */
    readonly found: number;
    /** Expiries that were put right. */
    readonly redated: number;
  };
}

/** Whether packets to an address that is banned for this were seen to be stopped. */
export interface ProofReport {
  /** One for each family; none in the first minute. */
  readonly latest: readonly {
    readonly address: string;
    readonly at: string;
    /** Since when it has come out so at each try. */
    readonly since: string;
    readonly outcome: Proof["outcome"];
    readonly why: string | null;
  }[];
  /** Tries in a row in which a packet went on its way. */
  readonly failures: number;
}

/** What a sensor read from one place. */
export interface SensorReport {
  /** Which sensor, as "sshd". */
  readonly name: string;
  /** "the journal", or the path of a file. */
  readonly source: string;
  /**
   * Who vouches for what is read there: the `writer`, since nobody else can write;
   * the `kernel`, which must have seen the connection; or `nobody`, and nobody is banned.
   */
  readonly trust: SensorView["trust"];
  readonly lines: number;
  /** Of these, of the service; of these, those that are understood. */
  readonly ofService: number;
  readonly understood: number;
  /** Failures that counted, and those that were too old to. */
  readonly failures: number;
  readonly old: number;
  /** Sources that failed too often by this log alone: nothing came of it. */
  readonly unconfirmed: number;
  /** When the latest line of the service was read; null before the first. */
  readonly newest: string | null;
}

export interface TrialReport {
  readonly feed: string;
  readonly revision: number;
  readonly bans: number;
  /** When the kernel takes it back by itself. */
  readonly until: string;
  /** What is not as it was before; empty while only the cloud's word is awaited. */
  readonly missing: readonly string[];
}

export interface LinkView {
  /** "none" where this host has no cloud. */
  readonly at: CloudContact["at"];
  readonly since: string;
  readonly caughtUp: boolean;
  readonly address: string | null;
  readonly why: string | null;
  /** When it was tried last, and when it is tried next; null while connected. */
  readonly tried: string | null;
  readonly next: string | null;
}

/** What bans matched lately. */
export interface LastHourReport {
  /** From when on it was counted: an hour ago, or since the agent started. */
  readonly since: string;
  /** Packets, dropped or observed: in all, and of each two minutes, the oldest first. */
  readonly packets: number;
  readonly each: readonly number[];
}

export async function statusOf(options: {
  readonly agent: AgentView;
  readonly clock: BanClock;
  readonly version: string;
  readonly refused?: (() => Refused | undefined) | undefined;
}): Promise<StatusView> {
  const { agent, version, clock } = options;
  const { ledger, enforcer } = agent;
  const totals = await enforcer.totals();
  const verdict = verdictOf(await agent.verdict());
  const kernel = await enforcer.read();
  // From here on nothing waits, so that what is said fits together.
  const revision = ledger.revision();
  const ours = kernel.at === "present" && kernel.ledger === ledger.id;
  const equal = ours && kernel.revision === revision;
  const mode = ledger.mode();
  const pausedUntil = ledger.overrides.pausedUntil();
  const facts = agent.facts();
  const proof = agent.proof();
  return {
    ...{ version, verdict, upgrade: unfinishedUpgrade() },
    identity: identityOf(agent),
    ...configurationOf(options.refused?.()),
    enforcing: verdict.does !== "not" && equal,
    mode,
    pausedUntil: pausedUntil === undefined ? null : isoTime(pausedUntil * 1000),
    safeMode: agent.safeMode,
    ...{ kernel: kernelView(kernel), ledger: { id: ledger.id, revision } },
    cloud: linkView(agent.link.state, agent.link.hasCaughtUp),
    ...{ storage: storageOf(agent), log: logView(agent.trust.log.sight) },
    ...{ carried: carriedView(agent), policy: policyView(agent) },
    feeds: feedViews(agent, unixSeconds(clock.now())),
    trials: agent.trials().map(({ feed, revision, bans, until, missing }) => ({
      ...{ feed, revision, bans, until: isoTime(until * 1000), missing },
    })),
    protected: {
      own: texts(facts.own),
      gateways: texts(facts.gateways),
      cloud: texts(facts.cloud),
    },
    ...hitsOf(agent, totals),
    sessions: agent.cut === undefined ? null : sessionsView(agent.cut),
    upkeep: upkeepOf(agent.drift.view),
    proof: proof ? proofOf(proof) : null,
    uncovered: agent.uncovered(),
    sensors: agent.sensors().map(sensorReport),
    contacts: contactCounts(agent),
    memoryMb: Math.round(process.memoryUsage.rss() / 1e5) / 10,
  };
}

function identityOf({ identity }: AgentView): StatusView["identity"] {
  if (identity === undefined) return null;
  const { agent, org, cloud, url } = identity;
  return { agent, org, cloud, url };
}

/** What another version has built drops as well, until it is replaced. */
function kernelView(kernel: KernelState): StatusView["kernel"] {
  if (kernel.at === "absent") return { at: "absent", revision: null };
  return { at: "present", revision: kernel.revision };
}

function storageOf(agent: AgentView): StatusView["storage"] {
  const { state, untilRestart } = agent.storage();
  return { state, untilRestart };
}

function contactCounts(agent: AgentView): StatusView["contacts"] {
  const { forgotten, lost } = agent.contacts();
  return { forgotten, lost };
}

function sessionsView({
  ability,
  total,
  lastFailure,
}: CutStatus): SessionsView {
  const outOfReach = Object.entries(ability).flatMap(
    ([what, it]: [string, Can]) => (it.can ? [] : [`${what}: ${it.why}`]),
  );
  return {
    ...total,
    outOfReach,
    lastFailure: lastFailure
      ? { at: isoTime(lastFailure.at), why: lastFailure.why }
      : null,
  };
}

function upkeepOf({ healed, contested, audit }: DriftView): UpkeepReport {
  const { lookedAt, roundEndedAt, rounds, checked, found, redated } = audit;
  return {
    ...{ healed, contested },
    audit: {
      looked: lookedAt === null ? null : isoTime(lookedAt),
      roundEnded: roundEndedAt === null ? null : isoTime(roundEndedAt),
      ...{ rounds, checked, found, redated },
    },
  };
}

const proofOf = ({ latest, failures }: ProbeView): ProofReport => ({
  latest: latest.map(({ address, at, since, outcome, why }) => ({
    ...{ address: formatCidr(address), at: isoTime(at), since: isoTime(since) },
    ...{ outcome, why: why ?? null },
  })),
  failures,
});

function linkView(state: CloudContact, caughtUp: boolean): LinkView {
  return {
    at: state.at,
    since: isoTime(state.since),
    caughtUp,
    address: state.at === "up" ? state.address : null,
    why: state.at === "down" ? state.why : null,
    tried: state.at === "down" ? isoTime(state.tried) : null,
    next: state.at === "down" && state.next ? isoTime(state.next) : null,
  };
}

const hitsOf = ({ telemetry }: AgentView, totals: readonly Total[]) => ({
  hits: sumOf(totals),
  lastHour: lastHourOf(telemetry.lastHour(totals)),
});

const lastHourOf = ({ since, packets }: LastHourView): LastHourReport => ({
  since: isoTime(since),
  packets: packets.reduce((sum, each) => sum + each, 0),
  each: packets,
});

const verdictOf = ({ verdict, since }: VerdictView): VerdictReport => ({
  does: verdict.does,
  text: sentenceOf(verdict),
  since: isoTime(since),
  findings: verdict.findings.map(({ kind, does, text, advice }) => ({
    ...{ kind, does, text, advice: advice ?? null },
  })),
});

const sensorReport = ({
  kind: _kind,
  newest,
  ...counts
}: SensorView): SensorReport => ({
  ...counts,
  newest: newest === undefined ? null : isoTime(newest),
});

const texts = (cidrs: readonly Cidr[]) => cidrs.map(formatCidr);
