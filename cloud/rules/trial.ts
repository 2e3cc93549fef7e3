import { parseCidr, type Cidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Veto } from "../journal/decision-events.js";
import { GivenUp, Turns } from "../rate/turns.js";
import type { PastDetections } from "../telemetry/past-detections.js";
import type { WeightsPort } from "./looker.js";
import { Budget, pastAttackers, type PastAttacker } from "./past-attackers.js";
import { replay, type WouldBan } from "./replay.js";
import type { Rule } from "./rule-set.js";
import type { RuleBook } from "./rule-book.js";
import { weighOnce } from "./verdict.js";

export interface TrialPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly past: Pick<PastDetections, "behind" | "clippedHosts">;
  readonly book: Pick<RuleBook, "inForce">;
  readonly weights: WeightsPort;
  /** Whether a host's word counts still. */
  readonly isTrusted: (agent: string) => boolean;
  listed(range: Cidr, lists: readonly string[]): Promise<readonly string[]>;
  /** Why a person would decide; "special": nobody is banned there. */
  veto(attacker: string, range: Cidr): Veto | "special" | undefined;
  /** Hosts whose processes called it of their own, of late. */
  callers(range: Cidr): number;
  readonly maxPerMinute: number;
  /** How much one trial looks at; absent: as much as a cloud does. */
  readonly mostLooks?: ConstructorParameters<typeof Budget>[0];
}

/** A ban that there would have been, and whom it would have hit. */
export interface TrialBan {
  readonly rule: string;
  readonly range: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Seconds. */
  readonly lasts: number;
  readonly orgs: number;
  readonly hosts: number;
  readonly failures: number;
  readonly confidence: number;
  readonly reason: string;
  /** Why a person would have decided; null: nothing. */
  readonly veto: Veto | null;
  readonly callers: number;
  /** Failures that hosts saw while it would have been banned. */
  readonly keptOut: number;
}

export interface TrialOfRule {
  readonly rule: string;
  readonly bans: number;
  readonly attackers: number;
  /** Of the bans, those that a person would have decided on. */
  readonly vetoed: number;
  readonly keptOut: number;
}

/** What rules would have done in a time that is over. */
export interface Trial {
  readonly since: number;
  readonly until: number;
  readonly detections: number;
  readonly attackers: number;
  /** False: there was more than one trial looks at. */
  readonly whole: boolean;
  /** Hosts of which more was detected than is kept. */
  readonly clippedHosts: number;
  readonly rules: readonly TrialOfRule[];
  /** In the order of time: the first thousand, and how many there would be. */
  readonly bans: readonly TrialBan[];
  readonly total: number;
  /** How many would have had to wait for the rate. */
  readonly overRate: number;
  /** Attackers, compared with the rules in force over the same time. */
  readonly beside: {
    readonly version: number;
    readonly both: number;
    readonly added: number;
    readonly lost: number;
  };
}

/** One trial runs at a time, as long as somebody waits for it. */
export class TrialRuns extends Error {
  override readonly name = "TrialRuns";
}

/**
 * Tries rules on what is kept of what hosts detected, and bans nobody. What orgs
 * weigh, lists hold and hosts protect is taken as it is now.
 */
export class Trials {
  readonly #ports: TrialPorts;
  #running = false;

  constructor(ports: TrialPorts) {
    this.#ports = ports;
  }

  /**
   * @param signal that nobody waits for it any more
   * @throws TrialRuns
   */
  async run(
    rules: readonly Rule[],
    since: number,
    signal?: AbortSignal,
  ): Promise<Trial> {
    if (this.#running) throw new TrialRuns("another trial runs just now");
    this.#running = true;
    try {
      const turns = new Turns(this.#ports.clock, signal);
      return await this.#run(rules, since, turns);
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      throw new TrialRuns(error.message, { cause: error });
    } finally {
      this.#running = false;
    }
  }

  async #run(
    rules: readonly Rule[],
    since: number,
    turns: Turns,
  ): Promise<Trial> {
    const { book, clock, past, maxPerMinute } = this.#ports;
    const found = new Findings(rules);
    const inForce = book.inForce();
    const until = clock.now();
    const work = {
      ...{ sets: [rules, inForce.rules] as const, turns },
      ...{ budget: new Budget(this.#ports.mostLooks), trusted: new Map() },
    };
    let isWhole = true;
    for await (const attacker of pastAttackers(past, since, turns)) {
      found.add(attacker, await this.#try(attacker, work));
      isWhole &&= attacker.isWhole;
    }
    const bans: TrialBan[] = [];
    for (const each of found.first()) {
      await turns.next();
      bans.push(this.#told(each));
    }
    return {
      ...{ since, until, clippedHosts: past.clippedHosts() },
      ...{ whole: isWhole && work.budget.isKept, bans },
      ...found.told(maxPerMinute),
      beside: { version: inForce.version, ...found.beside },
    };
  }

  /** By both sets of rules: those that are tried, and those in force. */
  async #try(
    attacker: PastAttacker,
    { sets, turns, budget, trusted }: Work,
  ): Promise<Tried> {
    const could = (rule: Rule) => attacker.couldBeBannedBy(rule);
    const worth = [sets[0].filter(could), sets[1].filter(could)] as const;
    const looks = worth[0].length + worth[1].length;
    if (looks === 0) return NOTHING;
    const { weights, isTrusted } = this.#ports;
    const range = parseCidr(attacker.attacker);
    const seen = attacker.seen.filter(({ agent, org }) => {
      const isKnown = trusted.get(agent) ?? isTrusted(agent);
      trusted.set(agent, isKnown);
      return isKnown && budget.take(org, looks);
    });
    const holding = await this.#listsOf(range, worth.flat());
    let teller = "";
    const told = function* () {
      for (const each of seen) {
        if (!budget.take(each.org, 0)) continue;
        teller = each.org;
        yield each;
      }
    };
    const weigh = weighOnce((orgs) => {
      budget.spend(teller, A_WEIGHT * orgs.size);
      return weights.of(orgs);
    });
    const ports = {
      ...{ turns, weigh },
      isListed: (lists: readonly string[]) =>
        lists.some((list) => holding.has(list)),
    };
    const [tried, standing] = worth;
    const bans = await replay(tried, told(), ports);
    const beside = await replay(standing, told(), ports);
    if (bans.length + beside.length === 0) return NOTHING;
    const veto = this.#ports.veto(attacker.attacker, range);
    return veto === "special" ? NOTHING : { bans, beside, veto };
  }

  async #listsOf(
    range: Cidr,
    rules: readonly Rule[],
  ): Promise<ReadonlySet<string>> {
    const named = rules.flatMap(({ sees }) => sees.lists ?? []);
    if (named.length === 0) return new Set();
    return new Set(await this.#ports.listed(range, [...new Set(named)]));
  }

  #told({ attacker, ban, veto }: Found): TrialBan {
    const { at, until, verdict, keptOut } = ban;
    const { rule, hosts, failures, confidence, reason, orgs } = verdict;
    return {
      ...{ rule, range: attacker, at, lasts: (until - at) / 1_000 },
      ...{ orgs: orgs.length, hosts, failures, confidence, reason, keptOut },
      ...{ veto: veto ?? null },
      callers: this.#ports.callers(parseCidr(attacker)),
    };
  }
}

/** What all attackers of one trial are tried by. */
interface Work {
  /** Those that are tried, and those in force. */
  readonly sets: readonly [readonly Rule[], readonly Rule[]];
  readonly turns: Turns;
  readonly budget: Budget;
  /** Hosts whose word counts still, as far as they were asked after. */
  readonly trusted: Map<string, boolean>;
}

interface Tried {
  readonly bans: readonly WouldBan[];
  /** By the rules in force. */
  readonly beside: readonly WouldBan[];
  readonly veto: Veto | undefined;
}

const NOTHING: Tried = { bans: [], beside: [], veto: undefined };

interface Found {
  readonly attacker: string;
  readonly ban: WouldBan;
  readonly veto: Veto | undefined;
}

/** What a trial comes to, attacker by attacker. */
class Findings {
  readonly #byRule: Map<string, TrialOfRule>;
  readonly #found: Found[] = [];
  readonly #times: number[] = [];
  #detections = 0;
  #attackers = 0;
  readonly beside = { both: 0, added: 0, lost: 0 };

  constructor(rules: readonly Rule[]) {
    const none = { bans: 0, attackers: 0, vetoed: 0, keptOut: 0 };
    this.#byRule = new Map(
      rules.map(({ name }) => [name, { rule: name, ...none }]),
    );
  }

  add({ attacker, detections }: PastAttacker, tried: Tried): void {
    this.#detections += detections;
    this.#attackers += 1;
    const { bans, beside, veto } = tried;
    const counted = new Set<string>();
    for (const ban of bans) {
      const { rule } = ban.verdict;
      const known = this.#byRule.get(rule);
      if (known === undefined) continue;
      this.#byRule.set(rule, {
        rule,
        bans: known.bans + 1,
        attackers: known.attackers + Number(!counted.has(rule)),
        vetoed: known.vetoed + Number(veto !== undefined),
        keptOut: known.keptOut + ban.keptOut,
      });
      counted.add(rule);
      this.#times.push(ban.at);
      this.#keep({ attacker, ban, veto });
    }
    if (bans.length > 0 && beside.length > 0) this.beside.both += 1;
    else if (bans.length > 0) this.beside.added += 1;
    else if (beside.length > 0) this.beside.lost += 1;
  }

  /** The earliest bans. */
  first(): readonly Found[] {
    return this.#found.sort(byTime).slice(0, MOST_TOLD);
  }

  told(maxPerMinute: number) {
    return {
      ...{ detections: this.#detections, attackers: this.#attackers },
      rules: [...this.#byRule.values()],
      total: this.#times.length,
      overRate: overRate(this.#times, maxPerMinute),
    };
  }

  /** Attackers come in the order of their texts: the earliest bans are kept. */
  #keep(found: Found): void {
    this.#found.push(found);
    if (this.#found.length < 2 * MOST_TOLD) return;
    this.#found.sort(byTime);
    this.#found.length = MOST_TOLD;
  }
}

const byTime = (a: Found, b: Found): number => a.ban.at - b.ban.at;

/** Of bans at these times, how many come beyond so many in 60 seconds. */
function overRate(times: readonly number[], most: number): number {
  const sorted = Float64Array.from(times).sort();
  let over = 0;
  for (const [n, at] of sorted.entries()) {
    const earlier = sorted[n - most];
    if (earlier !== undefined && at - earlier < 60_000) over += 1;
  }
  return over;
}

/** To weigh an org takes as long as so many looks, of the org that told just then. */
const A_WEIGHT = 10;

/** Bans that are told one by one. */
const MOST_TOLD = 1_000;
