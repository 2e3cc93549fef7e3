import type { Coverage } from "../coverage/coverage.js";
import { carriesOut } from "../coverage/tally.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { HostOutcome } from "../receipts/host-outcome.js";
import type { Round } from "../receipts/rounds.js";
import { attackerKey, attackerOf, readRemote } from "../telemetry/remote.js";
import type { DetectionEntry } from "../telemetry/telemetry.js";

/** How long something took, in milliseconds, of so many times. */
export interface Took {
  readonly p50: number;
  readonly p95: number;
  readonly count: number;
}

/** What hosts did with some decisions. */
export interface Answered {
  readonly decisions: number;
  /** Hosts that had to hold them, once for each decision. */
  readonly must: number;
  readonly holding: number;
  readonly inPart: number;
  readonly missing: number;
  /** What guards held back, the most hosts first: a host once for each decision. */
  readonly held: readonly {
    readonly rule: string;
    readonly hosts: number;
    readonly bans: number;
  }[];
  /** Null: none is recorded. */
  readonly toDecision: Took | null;
  readonly toForce: Took | null;
  /** From the detection on. */
  readonly inAll: Took | null;
}

export interface AnsweredPorts {
  readonly coverage: Pick<Coverage, "of" | "round">;
  /** The detections that a message of telemetry brought, as far as they are kept. */
  readonly broughtBy: (seq: number) => readonly DetectionEntry[];
}

/**
 * Adds up what an org's hosts did with decisions, and how long that took.
 * @throws GivenUp
 */
export async function answeredOf(
  decisions: readonly DecisionEntry[],
  round: Round,
  { coverage, broughtBy }: AnsweredPorts,
): Promise<Answered> {
  const sums = { must: 0, holding: 0, inPart: 0, missing: 0 };
  const held = new Map<string, { hosts: number; bans: number }>();
  const times: Times = { toDecision: [], toForce: [], inAll: [] };
  for (const decision of decisions) {
    const { covered, hosts } = await coverage.of(decision, round);
    for (const each of SUMMED) sums[each] += covered[each];
    for (const host of hosts) addHeld(host, held);
    addTimes(decision, hosts, detectedAt(decision, broughtBy), times);
  }
  return {
    ...{ decisions: decisions.length, ...sums },
    held: [...held]
      .map(([rule, counts]) => ({ rule, ...counts }))
      .sort((a, b) => b.hosts - a.hosts)
      .slice(0, MOST_RULES),
    toDecision: tookOf(times.toDecision),
    toForce: tookOf(times.toForce),
    inAll: tookOf(times.inAll),
  };
}

const SUMMED = ["must", "holding", "inPart", "missing"] as const;

interface Times {
  readonly toDecision: number[];
  readonly toForce: number[];
  readonly inAll: number[];
}

function addHeld(
  { held }: HostOutcome,
  found: Map<string, { hosts: number; bans: number }>,
): void {
  for (const [rule, bans] of Object.entries(held)) {
    const known = found.get(rule) ?? { hosts: 0, bans: 0 };
    found.set(rule, { hosts: known.hosts + 1, bans: known.bans + bans });
  }
}

/** Of hosts that came later, nobody waited for an answer. */
function addTimes(
  decision: DecisionEntry,
  hosts: readonly HostOutcome[],
  detected: number | undefined,
  { toDecision, toForce, inAll }: Times,
): void {
  const { decidedAt } = decision;
  // A host's clock may be ahead of the cloud's.
  const before = detected && Math.min(detected, decidedAt);
  if (before !== undefined) toDecision.push(decidedAt - before);
  for (const { late, provedAt, state } of hosts) {
    if (late || provedAt === null || !carriesOut(state, decision)) continue;
    toForce.push(provedAt - decidedAt);
    if (before !== undefined) inAll.push(provedAt - before);
  }
}

/** When the last of what it was decided on was detected, as the host says. */
function detectedAt(
  { evidence, targets }: DecisionEntry,
  broughtBy: AnsweredPorts["broughtBy"],
): number | undefined {
  const wanted = new Set(targets);
  const times = evidence
    .slice(-FEW_MESSAGES)
    .flatMap(broughtBy)
    .filter(({ source }) => {
      const remote = readRemote(source);
      const attacker = remote && attackerOf(remote);
      return attacker !== undefined && wanted.has(attackerKey(attacker));
    })
    .map(({ time }) => time);
  return times.length === 0 ? undefined : Math.max(...times);
}

function tookOf(times: readonly number[]): Took | null {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  if (sorted.length === 0) return null;
  return { p50: at(0.5), p95: at(0.95), count: sorted.length };
}

/** Rules of guards: there are some twenty, and hosts name them. */
const MOST_RULES = 50;

/** The newest of those that a decision is about. */
const FEW_MESSAGES = 16;
