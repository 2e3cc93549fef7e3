import { parseCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Turns } from "../rate/turns.js";
import type { Evidence } from "../telemetry/evidence.js";
import type { EvidenceReader } from "../telemetry/evidence-reader.js";
import { lifeOf, type Rule } from "./rule-set.js";
import {
  judge,
  orgsNeeded,
  weighOnce,
  type Verdict,
  type Weigh,
} from "./verdict.js";
import type { Word } from "./witnesses.js";

/** A rule that has seen enough, and how long it bans. */
export interface Match {
  readonly rule: Rule;
  readonly verdict: Verdict;
  readonly forS: number;
}

/** What the word of orgs weighs. */
export interface WeightsPort {
  of(orgs: Iterable<string>): ReadonlyMap<string, Word>;
}

export interface LookerPorts {
  readonly clock: Pick<Clock, "now">;
  readonly turns: Turns;
  readonly evidence: Pick<EvidenceReader, "areThere" | "of">;
  readonly weights: WeightsPort;
  readonly earlier: {
    /** How often it was banned on evidence since then, by bans that are over. */
    count(attacker: string, since: number, now: number): number;
  };
  /** Which of these lists for everybody hold the range now. */
  listed(range: Cidr, lists: readonly string[]): Promise<readonly string[]>;
}

/** Looks at attackers with all rules of a set. */
export class Looker {
  readonly #ports: LookerPorts;

  constructor(ports: LookerPorts) {
    this.#ports = ports;
  }

  /** @param windowMs how far back any rule looks that it will be held against */
  sight(attacker: string, windowMs: number): Sight {
    return new Sight(this.#ports, attacker, windowMs);
  }
}

/** One attacker, of whom is read once what was seen, for all who look at him. */
export class Sight {
  readonly attacker: string;
  readonly range: Cidr;
  readonly #ports: LookerPorts;
  readonly #now: number;
  readonly #since: number;
  readonly #weigh: Weigh;
  #read: { readonly after: number; readonly seen: readonly Evidence[] } = {
    ...{ after: Infinity, seen: [] },
  };

  constructor(ports: LookerPorts, attacker: string, windowMs: number) {
    this.#ports = ports;
    this.attacker = attacker;
    this.range = parseCidr(attacker);
    this.#now = ports.clock.now();
    this.#since = this.#now - windowMs;
    this.#weigh = weighOnce((orgs) => ports.weights.of(orgs));
  }

  /**
   * The rules that have seen enough, in their order.
   * @param after observations up to this one are spent
   */
  async *matches(rules: readonly Rule[], after: number): AsyncGenerator<Match> {
    const { attacker } = this;
    const { evidence, turns } = this.#ports;
    if (rules.length === 0) return;
    // Most attackers are seen by few: nothing is read of them.
    if (!evidence.areThere(attacker, leastOf(rules))) return;
    const seen = await this.#seen(after);
    for (const rule of rules) {
      await turns.next();
      const match = this.#match(rule, seen);
      if (match === undefined) continue;
      const { lists } = rule.sees;
      if (lists === undefined) {
        yield match;
        continue;
      }
      const [holding] = await this.#ports.listed(this.range, lists);
      if (holding !== undefined) yield onList(match, holding);
    }
  }

  async #seen(after: number): Promise<readonly Evidence[]> {
    if (after < this.#read.after) {
      const { attacker } = this;
      const { evidence, turns } = this.#ports;
      const query = { attacker, since: this.#since, now: this.#now, after };
      this.#read = { after, seen: await evidence.of(query, turns) };
    }
    const { seen } = this.#read;
    return after === this.#read.after
      ? seen
      : seen.filter(({ seq }) => seq > after);
  }

  #match(rule: Rule, seen: readonly Evidence[]): Match | undefined {
    const { earlier } = this.#ports;
    const now = this.#now;
    const before = (ms: number) => earlier.count(this.attacker, now - ms, now);
    const { bannedBefore } = rule.sees;
    const verdict = judge(rule, seen, now, this.#weigh);
    if (verdict === undefined) return undefined;
    const times = bannedBefore ? before(bannedBefore.withinMs) : 0;
    if (bannedBefore && times < bannedBefore.times) return undefined;
    const { growing } = rule.ban;
    const forS = lifeOf(rule.ban, growing ? before(growing.withinMs) : 0);
    if (times === 0) return { rule, verdict, forS };
    const reason = `${verdict.reason}; banned ${times} times before`;
    return { rule, forS, verdict: { ...verdict, reason } };
  }
}

/** What the least of them needs; there is one at least. */
const leastOf = (rules: readonly Rule[]) => ({
  orgs: Math.min(...rules.map(orgsNeeded)),
  hosts: Math.min(...rules.map(({ needs }) => needs.hosts)),
});

/** A list's name is its vendor's; what is said of it stays short. */
const onList = (match: Match, list: string): Match => ({
  ...match,
  verdict: {
    ...match.verdict,
    reason: `${match.verdict.reason}; on list ${list.slice(0, 40)}`,
  },
});
