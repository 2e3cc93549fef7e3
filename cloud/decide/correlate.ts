import type { Evidence } from "../telemetry/evidence.js";
/** How many have to agree, and within which time. 0 stands for never. */
export interface Threshold {
  readonly orgs: number;
  readonly hosts: number;
  readonly windowMs: number;
}

/** Enough have seen the attacker. */
export interface Verdict {
  readonly rule: "several-orgs" | "several-hosts";
  /** For whoever asks why: counts, and nobody's name. */
  readonly reason: string;
  /** Whose sightings counted, in alphabetical order. */
  readonly orgs: readonly string[];
  /** Sequence numbers in the journal, ascending; one a host at most. */
  readonly evidence: readonly number[];
}

/**
 * Whether what was seen of one attacker up to `now` makes it everybody's. The
 * order of the evidence has no part in it, and what a host says twice counts
 * once.
 * @param weigh what the word of each org weighs that saw it, from 0 to 1
 */
export function correlate(
  window: readonly Evidence[],
  threshold: Threshold,
  now: number,
  weigh: (orgs: ReadonlySet<string>) => ReadonlyMap<string, number>,
): Verdict | undefined {
  const since = now - threshold.windowMs;
  const recent = window.filter(({ time }) => time > since && time <= now);
  const { orgs, hosts } = threshold;
  const all = new Set(recent.map(({ org }) => org));
  if (orgs > 0 && all.size >= orgs) {
    const weights = weigh(all);
    const sum = [...weights.values()].reduce((total, each) => total + each, 0);
    const theirs = recent.filter(({ org }) => (weights.get(org) ?? 0) > 0);
    if (sum >= orgs - TINY) return verdictOn(theirs, "several-orgs", threshold);
  }
  const seenOn = new Set(recent.map(({ agent }) => agent)).size;
  if (hosts === 0 || seenOn < hosts) return undefined;
  return verdictOn(recent, "several-hosts", threshold);
}

function verdictOn(
  recent: readonly Evidence[],
  rule: Verdict["rule"],
  { windowMs }: Threshold,
): Verdict {
  const orgs = [...new Set(recent.map(({ org }) => org))].sort();
  const hosts = new Set(recent.map(({ agent }) => agent)).size;
  const counts = `${counted(orgs.length, "org")} on ${counted(hosts, "host")}`;
  const failures = recent.reduce((sum, each) => sum + each.failures, 0);
  return {
    rule,
    reason: `seen by ${counts} within ${spanOf(windowMs)}: ${counted(failures, "failure")}${sensorsOf(recent)}`,
    orgs,
    evidence: evidenceOf(recent),
  };
}

/** The newest of each host. */
function evidenceOf(recent: readonly Evidence[]): readonly number[] {
  const newest = new Map<string, number>();
  for (const { agent, seq } of recent) {
    newest.set(agent, Math.max(seq, newest.get(agent) ?? 0));
  }
  const ascending = [...new Set(newest.values())].sort((a, b) => a - b);
  return ascending.slice(0, MOST_EVIDENCE);
}

/** Names come from agents, and the reason goes to everybody: plain words only. */
function sensorsOf(recent: readonly Evidence[]): string {
  const sensors = new Set(recent.map(({ sensor }) => sensor));
  const plain = [...sensors].filter((name) =>
    /^[a-z][a-z0-9-]{0,15}$/.test(name),
  );
  const named = plain.sort().slice(0, MOST_SENSORS).join(", ");
  return named === "" ? "" : ` (${named})`;
}

function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Thirds that add up to one come to a little less. */
const TINY = 1e-9;

/** Enough to judge by; the journal has the rest. */
const MOST_EVIDENCE = 64;
const MOST_SENSORS = 4;
