import type { Evidence } from "../telemetry/evidence.js";
import type { Rule } from "./rule-set.js";
import {
  countingOrgs,
  judge,
  orgsNeeded,
  partOf,
  seesSensor,
  type Verdict,
  type Weigh,
} from "./verdict.js";

/**
 * What one rule sees of one attacker as time goes by. It is counted as it comes and
 * goes, so that a step costs the same however much lies in the window; only what is
 * enough is judged as a whole.
 */
export class Sliding {
  readonly #rule: Rule;
  readonly #weigh: Weigh;
  /** By time; those in front of `#first` are out of the window. */
  #seen: Evidence[] = [];
  #first = 0;
  readonly #orgs = new Map<string, OfOrg>();
  #hosts = 0;
  #failures = 0;
  /** Undefined: not known of the orgs that are there now. Null: they weigh too little. */
  #counting: readonly string[] | null | undefined;

  constructor(rule: Rule, weigh: Weigh) {
    this.#rule = rule;
    this.#weigh = weigh;
  }

  /** Time has passed, and this was seen meanwhile. */
  add(seen: Evidence, now: number): void {
    const since = now - this.#rule.windowMs;
    for (;;) {
      const oldest = this.#seen[this.#first];
      if (oldest === undefined || oldest.time > since) break;
      this.#first += 1;
      this.#leave(oldest);
    }
    if (this.#first > this.#seen.length / 2) {
      this.#seen = this.#seen.slice(this.#first);
      this.#first = 0;
    }
    if (seen.time <= since || !seesSensor(this.#rule, seen.sensor)) return;
    put(this.#seen, this.#first, seen);
    this.#come(seen);
  }

  /** What there is is spent. */
  clear(): void {
    this.#seen = [];
    this.#first = 0;
    this.#orgs.clear();
    this.#hosts = 0;
    this.#failures = 0;
    this.#counting = undefined;
  }

  verdict(now: number): Verdict | undefined {
    if (!this.#isEnough(now)) return undefined;
    const seen = this.#seen.slice(this.#first);
    return judge(this.#rule, seen, now, this.#weigh);
  }

  #isEnough(now: number): boolean {
    const { needs } = this.#rule;
    if (this.#orgs.size < orgsNeeded(this.#rule)) return false;
    if (this.#hosts < needs.hosts || this.#failures < needs.failures) {
      return false;
    }
    const counting = this.#weighed();
    return counting !== null && this.#isEnoughOf(counting, now);
  }

  #isEnoughOf(counting: readonly string[], now: number): boolean {
    const { needs } = this.#rule;
    let hosts = 0;
    let failures = 0;
    for (const org of counting) {
      const theirs = this.#orgs.get(org);
      hosts += theirs?.hosts.size ?? 0;
      failures += theirs?.failures ?? 0;
    }
    if (hosts < needs.hosts || failures < needs.failures) return false;
    return this.#isSpread(counting, now);
  }

  #weighed(): readonly string[] | null {
    if (this.#counting !== undefined) return this.#counting;
    const orgs = new Set(this.#orgs.keys());
    this.#counting =
      this.#rule.counts === "every-host"
        ? [...orgs]
        : (countingOrgs(this.#rule, orgs, this.#weigh)?.orgs ?? null);
    return this.#counting;
  }

  /** From part to part, and not from one to the next that was seen. */
  #isSpread(counting: readonly string[], now: number): boolean {
    const { active } = this.#rule.needs.spread;
    if (active < 2) return true;
    const since = now - this.#rule.windowMs;
    const parts = new Set<number>();
    for (const org of counting) {
      const { times = [], first = 0 } = this.#orgs.get(org) ?? {};
      for (let at = first; at < times.length;) {
        const part = partOf(this.#rule, times[at] ?? 0, since);
        parts.add(part);
        if (parts.size >= active) return true;
        at = firstOf(times, at, (time) => {
          return partOf(this.#rule, time, since) > part;
        });
      }
    }
    return false;
  }

  #come({ org, agent, time, failures }: Evidence): void {
    let theirs = this.#orgs.get(org);
    if (theirs === undefined) {
      theirs = { hosts: new Map(), failures: 0, times: [], first: 0 };
      this.#orgs.set(org, theirs);
      this.#counting = undefined;
    }
    const ofHost = theirs.hosts.get(agent) ?? 0;
    theirs.hosts.set(agent, ofHost + 1);
    if (ofHost === 0) this.#hosts += 1;
    theirs.failures += failures;
    this.#failures += failures;
    const behind = firstOf(theirs.times, theirs.first, (each) => each > time);
    theirs.times.splice(behind, 0, time);
  }

  /** The oldest of all is the oldest of its org. */
  #leave({ org, agent, failures }: Evidence): void {
    const theirs = this.#orgs.get(org);
    if (theirs === undefined) return;
    const ofHost = (theirs.hosts.get(agent) ?? 1) - 1;
    if (ofHost > 0) theirs.hosts.set(agent, ofHost);
    else {
      theirs.hosts.delete(agent);
      this.#hosts -= 1;
    }
    theirs.failures -= failures;
    this.#failures -= failures;
    theirs.first += 1;
    if (theirs.first > theirs.times.length / 2) {
      theirs.times = theirs.times.slice(theirs.first);
      theirs.first = 0;
    }
    if (theirs.hosts.size > 0) return;
    this.#orgs.delete(org);
    this.#counting = undefined;
  }
}

/** What hosts of one org saw within the window. */
interface OfOrg {
  /** How often each did. */
  readonly hosts: Map<string, number>;
  failures: number;
  /** Ascending; those in front of `first` are out of the window. */
  times: number[];
  first: number;
}

function put(sorted: Evidence[], first: number, seen: Evidence): void {
  const behind = firstOf(sorted, first, ({ time }) => time > seen.time);
  sorted.splice(behind, 0, seen);
}

/** Where the first of a sorted list is of which something holds. */
export function firstOf<T>(
  sorted: readonly T[],
  from: number,
  holds: (each: T) => boolean,
): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const each = sorted[middle];
    if (each !== undefined && holds(each)) high = middle;
    else low = middle + 1;
  }
  return low;
}
