import type { Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Evidence, EvidenceQuery } from "../telemetry/evidence.js";
import { lifeOf, longestWindow, type Rule } from "./rule-set.js";
import {
  judge,
  mayBeEnough,
  weighOnce,
  type Verdict,
  type Weigh,
} from "./verdict.js";

/** A rule that has seen enough, and how long it bans. */
export interface Match {
  readonly rule: Rule;
  readonly verdict: Verdict;
  readonly forS: number;
}

/** What the word of orgs weighs. */
export interface WeightsPort {
  of(orgs: Iterable<string>): ReadonlyMap<string, number>;
}

export interface LookerPorts {
  readonly clock: Pick<Clock, "now">;
  readonly telemetry: {
    window(attacker: string, query: EvidenceQuery): readonly Evidence[];
  };
  readonly weights: WeightsPort;
  readonly earlier: {
    /** How often it was banned on evidence since then, by bans that are over. */
    count(attacker: string, since: number, now: number): number;
  };
  /** Which of these lists for everybody hold the range now. */
  listed(range: Cidr, lists: readonly string[]): Promise<readonly string[]>;
}

/** Looks at one attacker with all rules of a set. */
export class Looker {
  readonly #ports: LookerPorts;

  constructor(ports: LookerPorts) {
    this.#ports = ports;
  }

  /**
   * The rules that have seen enough, in their order.
   * @param after observations up to this one are spent
   */
  async *matches(
    rules: readonly Rule[],
    attacker: string,
    range: Cidr,
    after: number,
  ): AsyncGenerator<Match> {
    const now = this.#ports.clock.now();
    const windows = new Windows(this.#ports, { attacker, after, now });
    for (const rule of windows.worthALook(rules)) {
      const match = this.#match(rule, windows);
      if (match === undefined) continue;
      const { lists } = rule.sees;
      if (lists === undefined) {
        yield match;
        continue;
      }
      const [holding] = await this.#ports.listed(range, lists);
      if (holding !== undefined) yield onList(match, holding);
    }
  }

  #match(rule: Rule, windows: Windows): Match | undefined {
    const { earlier } = this.#ports;
    const { attacker, now } = windows;
    const before = (ms: number) => earlier.count(attacker, now - ms, now);
    const { bannedBefore } = rule.sees;
    const verdict = judge(rule, windows.of(rule), now, windows.weigh);
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

/** A list's name is its vendor's; what is said of it stays short. */
const onList = (match: Match, list: string): Match => ({
  ...match,
  verdict: {
    ...match.verdict,
    reason: `${match.verdict.reason}; on list ${list.slice(0, 40)}`,
  },
});

interface Looked {
  readonly attacker: string;
  readonly after: number;
  readonly now: number;
}

/** What was seen of one attacker, each window of it read once. */
class Windows {
  readonly attacker: string;
  readonly now: number;
  readonly #after: number;
  readonly weigh: Weigh;
  readonly #ports: Pick<LookerPorts, "telemetry">;
  readonly #read = new Map<string, readonly Evidence[]>();

  constructor(
    ports: Pick<LookerPorts, "telemetry" | "weights">,
    { attacker, after, now }: Looked,
  ) {
    this.#ports = ports;
    this.weigh = weighOnce((orgs) => ports.weights.of(orgs));
    this.attacker = attacker;
    this.#after = after;
    this.now = now;
  }

  of({ windowMs, sees: { sensors }, needs }: Rule): readonly Evidence[] {
    return this.#window(windowMs, sensors, needs.spread.of);
  }

  /**
   * Most attackers are seen by few: one look over the longest window says that
   * for all rules whose windows differ.
   */
  worthALook(rules: readonly Rule[]): readonly Rule[] {
    const keys = new Set(rules.map((rule) => keyOf(rule)));
    if (keys.size < 2) return rules;
    const all = this.#window(longestWindow(rules), undefined, 1);
    return rules.filter((rule) => mayBeEnough(rule, all));
  }

  #window(
    ms: number,
    sensors: readonly string[] | undefined,
    slices: number,
  ): readonly Evidence[] {
    const key = windowKey(ms, sensors, slices);
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const { now, attacker } = this;
    const query = { since: now - ms, now, after: this.#after, sensors, slices };
    const read = this.#ports.telemetry.window(attacker, query);
    this.#read.set(key, read);
    return read;
  }
}

const keyOf = ({ windowMs, sees: { sensors }, needs }: Rule): string =>
  windowKey(windowMs, sensors, needs.spread.of);

const windowKey = (
  ms: number,
  sensors: readonly string[] | undefined,
  slices: number,
): string => `${ms} ${slices} ${sensors?.join(",") ?? "*"}`;
