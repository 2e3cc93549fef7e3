import type { Evidence } from "../telemetry/evidence.js";
import type { Rule } from "./rule-set.js";
import {
  added,
  isEnough,
  sumOf,
  TINY,
  type Witnesses,
  type Word,
} from "./witnesses.js";

/** Enough was seen of an attacker, by these orgs. */
export interface Verdict extends Witnesses {
  /** The rule's name. */
  readonly rule: string;
  /** For whoever asks why: counts, and nobody's name. */
  readonly reason: string;
  readonly hosts: number;
  readonly failures: number;
  /** How sure it is: from 0 to 1. */
  readonly confidence: number;
  /** Sequence numbers of the newest observations, ascending; one a host at most. */
  readonly evidence: readonly number[];
}

/** What the word of orgs weighs that saw one attacker. */
export type Weigh = (orgs: ReadonlySet<string>) => ReadonlyMap<string, Word>;

/** Asks for the same orgs once, but for whom it has forgotten meanwhile. */
export function weighOnce(weigh: Weigh): Weigh {
  const known = new Map<string, ReadonlyMap<string, Word>>();
  return (orgs) => {
    const key = [...orgs].sort().join(" ");
    const before = known.get(key);
    if (before !== undefined) return before;
    const weights = weigh(orgs);
    if (known.size >= MOST_WEIGHED) known.clear();
    known.set(key, weights);
    return weights;
  };
}

/**
 * Whether what was seen of one attacker up to `now` is enough for a rule. The
 * order of the evidence has no part in it, and what a host says twice counts
 * once.
 * @param seen as far back as the rule looks, at least
 */
export function judge(
  rule: Rule,
  seen: readonly Evidence[],
  now: number,
  weigh: Weigh,
): Verdict | undefined {
  const since = now - rule.windowMs;
  const recent = seen.filter(
    ({ time, sensor }) =>
      time > since && time <= now && seesSensor(rule, sensor),
  );
  if (!mayBeEnough(rule, recent)) return undefined;
  return rule.counts === "orgs"
    ? judgeOrgs(rule, { recent, since }, weigh)
    : judgeHosts(rule, { recent, since });
}

export const seesSensor = (
  { sees: { sensors } }: Rule,
  sensor: string,
): boolean => sensors?.includes(sensor) ?? true;

/** Which of the equal parts of a rule's window a time lies in, from 0. */
export function partOf(rule: Rule, time: number, since: number): number {
  const { of } = rule.needs.spread;
  return Math.min(Math.floor(((time - since) * of) / rule.windowMs), of - 1);
}

/** What lies in a rule's window. */
interface Window {
  readonly recent: readonly Evidence[];
  readonly since: number;
}

/** Whether so many orgs, hosts and failures would do, whoever they are. */
function mayBeEnough(rule: Rule, recent: readonly Evidence[]): boolean {
  const { hosts, failures } = rule.needs;
  const orgs = orgsNeeded(rule);
  if (orgs > 0 && countOf(recent, "org") < orgs) return false;
  if (hosts > 1 && countOf(recent, "agent") < hosts) return false;
  return recent.length > 0 && (failures <= 1 || failuresOf(recent) >= failures);
}

/** So many orgs at least: none weighs more than 1. */
export const orgsNeeded = ({ needs }: Rule): number =>
  Math.max(needs.orgs, Math.ceil(needs.weight - TINY));

function judgeOrgs(
  rule: Rule,
  { recent, since }: Window,
  weigh: Weigh,
): Verdict | undefined {
  const orgs = new Set(recent.map(({ org }) => org));
  const witnesses = countingOrgs(rule, orgs, weigh);
  if (witnesses === undefined) return undefined;
  const counting = new Set(witnesses.orgs);
  const theirs = recent.filter(({ org }) => counting.has(org));
  const window = { recent: theirs, since };
  return verdictOn(rule, window, witnesses, sumOf(witnesses.weights));
}

function judgeHosts(rule: Rule, window: Window): Verdict | undefined {
  const orgs = new Set(window.recent.map(({ org }) => org));
  const alike = witnessesOf(rule, orgs, () => ({ weight: 1 }));
  return verdictOn(rule, window, alike, countOf(window.recent, "agent"));
}

/** Those of the orgs whose word counts; undefined: it is not enough. */
export function countingOrgs(
  rule: Rule,
  orgs: ReadonlySet<string>,
  weigh: Weigh,
): Witnesses | undefined {
  const told = weigh(orgs);
  const wordOf = (org: string) => told.get(org) ?? { weight: 0 };
  const counting = [...orgs].filter((org) => wordOf(org).weight > 0);
  const witnesses = witnessesOf(rule, counting, wordOf);
  return isEnough(rule.needs, witnesses.words) ? witnesses : undefined;
}

function witnessesOf(
  { needs: { weight, orgs: solid } }: Rule,
  counting: Iterable<string>,
  wordOf: (org: string) => Word,
): Witnesses {
  const names = [...counting].sort();
  const words = names.map(wordOf);
  const adds = added(words);
  const all = words.map((word, at) => {
    return { org: names[at] ?? "", word, adds: adds[at] ?? 0 };
  });
  all.sort((a, b) => b.adds - a.adds);
  return {
    orgs: all.map(({ org }) => org),
    weights: all.map((each) => each.adds),
    words: all.map(({ word }) => word),
    needs: { weight, orgs: solid },
  };
}

/** @param count how many that stand for themselves; some may count in part */
function verdictOn(
  rule: Rule,
  { recent: seen, since }: Window,
  witnesses: Witnesses,
  count: number,
): Verdict | undefined {
  const { needs, name, confidence: most } = rule;
  const { orgs } = witnesses;
  const hosts = countOf(seen, "agent");
  const failures = failuresOf(seen);
  const active = new Set(seen.map(({ time }) => partOf(rule, time, since)))
    .size;
  if (hosts < needs.hosts || failures < needs.failures) return undefined;
  if (active < needs.spread.active) return undefined;
  const counts = `${counted(orgs.length, "org")} on ${counted(hosts, "host")}`;
  const spread =
    needs.spread.of > 1 ? `, in ${active} of its ${needs.spread.of} parts` : "";
  return {
    ...{ ...witnesses, rule: name, hosts, failures },
    reason: `seen by ${counts} within ${spanOf(rule.windowMs)}${spread}: ${counted(failures, "failure")}${sensorsOf(seen)}`,
    confidence: Math.min(most, round(1 - DOUBT ** count)),
    evidence: evidenceOf(seen),
  };
}

/** What one witness alone leaves; each halves it. */
const DOUBT = 0.5;

const round = (part: number): number => Math.floor(part * 100) / 100;

const countOf = (seen: readonly Evidence[], of: "org" | "agent"): number =>
  new Set(seen.map((each) => each[of])).size;

const failuresOf = (seen: readonly Evidence[]): number =>
  seen.reduce((sum, { failures }) => sum + failures, 0);

/** The newest of each host. */
function evidenceOf(recent: readonly Evidence[]): readonly number[] {
  const newest = new Map<string, number>();
  for (const { agent, seq } of recent) {
    newest.set(agent, Math.max(seq, newest.get(agent) ?? 0));
  }
  const ascending = [...new Set(newest.values())].sort((a, b) => a - b);
  return ascending.slice(-MOST_EVIDENCE);
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
  const seconds = Math.round(ms / 1_000);
  if (seconds >= 7_200 && seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Sets of orgs: some 500 KB, of a hundred orgs each. */
const MOST_WEIGHED = 64;

/** Enough to judge by; the log has the rest. */
const MOST_EVIDENCE = 64;
const MOST_SENSORS = 4;
