import { setImmediate as nextTurn } from "node:timers/promises";
import type { FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import { ringOf } from "../../agent/trust/ring.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import { feedsOf } from "../feeds/audience.js";
import type { Database } from "../journal/database.js";
import type { Agent } from "../registry/registry.js";
import type { TrialEnd } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";
import {
  Answers,
  Hearing,
  type Newest,
  type Placed,
  type Refusal,
} from "./hearing.js";
import type { Absence, HostOutcome, StatedSince } from "./host-outcome.js";
import { outcomeOf } from "./outcome.js";

export interface OutcomesPorts {
  readonly agents: () => readonly Agent[];
  readonly isConnected: (agent: string) => boolean;
  /** When it was last heard; undefined where this process has not heard it. */
  readonly heardAt: (agent: string) => number | undefined;
  /** What hosts told to have taken back behind an observation. */
  readonly takenBack: (after: number) => readonly TakenBack[];
  /** How trials of a feed ended, as devices stated behind an observation. */
  readonly trialEnds: (feed: FeedName, after: number) => readonly TrialEnd[];
  /** Hosts whose kernel does not hold their bans, by their health's words. */
  readonly notEnforcing: () => ReadonlyMap<string, string>;
  /** The times of a decision's bans that go ring by ring. */
  readonly ringsOf: (decision: DecisionEntry) => RingTimes | undefined;
  readonly clock: { now(): number };
}

/** What is the same for all decisions that are looked at together. */
export interface Round {
  readonly agents: readonly Agent[];
  readonly notEnforcing: ReadonlyMap<string, string>;
  /** Where each agent's receipts of a feed and epoch end. */
  readonly newest: Map<string, ReadonlyMap<string, Newest>>;
  /** The newest observation by which each device stated something; 0: none. */
  readonly stated: Map<string, number>;
}

/** Tells host by host what became of a decision. */
export class Outcomes {
  readonly #ports: OutcomesPorts;
  readonly #hearing: Hearing;

  constructor(database: Database, ports: OutcomesPorts) {
    this.#ports = ports;
    this.#hearing = new Hearing(database);
  }

  /** For several decisions in a row: who is there is looked up once. */
  round(): Round {
    const { agents, notEnforcing } = this.#ports;
    const empty = { newest: new Map(), stated: new Map() };
    return { agents: agents(), notEnforcing: notEnforcing(), ...empty };
  }

  /**
   * All hosts that have to carry it out, those that were sent away left out.
   * @param org its hosts alone; null: those of all
   */
  async of(
    decision: DecisionEntry,
    org: string | null = null,
    round = this.round(),
  ): Promise<readonly HostOutcome[]> {
    const agents = round.agents.filter((agent) => isOf(agent, decision, org));
    const all = await this.#heard(decision, agents, round);
    const outcomes: HostOutcome[] = [];
    for (const agent of agents) {
      if (outcomes.length % HOSTS_A_TURN === HOSTS_A_TURN - 1) await nextTurn();
      outcomes.push(this.#outcome(decision, agent, all));
    }
    return outcomes;
  }

  async #heard(
    decision: DecisionEntry,
    agents: readonly Agent[],
    round: Round,
  ): Promise<AllHeard> {
    const { feed, seen } = decision;
    const { takenBack, trialEnds, ringsOf } = this.#ports;
    const place = placeOf(decision);
    const ids = agents.map(({ id }) => id);
    const answers = new Answers(ids, place ?? NOWHERE);
    for (const rows of place ? this.#hearing.during(place) : []) {
      answers.take(rows);
      await nextTurn();
    }
    return {
      ...{ place, answers, round },
      newest: place ? await this.#newest(place, round) : new Map(),
      refusals: this.#hearing.refusals(feed, seen),
      takenBack: byAgent(takenBack(seen)),
      trialEnds: byAgent(trialEnds(feed, seen)),
      rings: answers.waitsForRing ? ringsOf(decision) : undefined,
    };
  }

  /** Once a round of a feed and epoch, whatever the number of decisions. */
  async #newest(
    { feed, epoch }: Placed,
    { agents, newest }: Round,
  ): Promise<ReadonlyMap<string, Newest>> {
    const key = `${feed} ${epoch}`;
    const known = newest.get(key);
    if (known !== undefined) return known;
    const found = new Map<string, Newest>();
    for (const [i, { id }] of agents.entries()) {
      if (i % HOSTS_A_TURN === HOSTS_A_TURN - 1) await nextTurn();
      const each = this.#hearing.newest(id, { feed, epoch });
      if (each !== undefined) found.set(id, each);
    }
    newest.set(key, found);
    return found;
  }

  #outcome(decision: DecisionEntry, agent: Agent, all: AllHeard): HostOutcome {
    const { isConnected, clock } = this.#ports;
    const { id, hostname, org, enrolledAt } = agent;
    const { place, newest, refusals } = all;
    const { during, provedAt } = all.answers.of(id);
    const own = newest.get(id);
    const isBeyond = place !== undefined && (own?.last ?? 0) > place.last;
    const heard = { during, isBeyond, refusal: refusals.get(id) };
    const around = { ...this.#around(decision, id, all), now: clock.now() };
    const said = outcomeOf(decision, heard, around);
    const connected = isConnected(id);
    const offlineSince = connected ? null : this.#lastHeard(agent);
    const isOpen = said.state === "waiting";
    const since = { decision, agent, offlineSince, newest: own, connected };
    return {
      ...{ agent: id, hostname, org, connected, ...said },
      state: isOpen && !connected ? "offline" : said.state,
      ...{ offlineSince, late: enrolledAt > decision.decidedAt },
      provedAt: provedAt ?? this.#laterAt(id, isBeyond, place),
      ...(isOpen ? missingSince(since) : THERE),
    };
  }

  #around(
    { seen }: DecisionEntry,
    agent: string,
    { newest, takenBack, trialEnds, rings, round }: AllHeard,
  ) {
    const own = newest.get(agent);
    const ringAt = rings && rings[ringOf(agent)] * 1_000;
    return {
      takenBack: takenBack.get(agent) ?? [],
      trialEnds: trialEnds.get(agent) ?? [],
      // Without a receipt there is nothing that it could make untrue.
      stated: own === undefined ? [] : this.#stated(agent, seen, round),
      newest: own ?? NOTHING,
      notEnforcing: round.notEnforcing.get(agent),
      ringAt: ringAt ?? null,
    };
  }

  /** Most hosts have stated nothing since. */
  #stated(
    agent: string,
    after: number,
    { stated }: Round,
  ): readonly StatedSince[] {
    const last = stated.get(agent) ?? this.#hearing.statedLast(agent);
    stated.set(agent, last);
    return last > after ? this.#hearing.stated(agent, after) : [];
  }

  #lastHeard({ id, lastSeen }: Agent): number | null {
    return this.#ports.heardAt(id) ?? lastSeen;
  }

  #laterAt(
    agent: string,
    isBeyond: boolean,
    place: Placed | undefined,
  ): number | null {
    if (!isBeyond || place === undefined) return null;
    return this.#hearing.laterAt(agent, place) ?? null;
  }
}

/** What all hosts said of a decision. */
interface AllHeard {
  readonly place: Placed | undefined;
  readonly answers: Answers;
  readonly newest: ReadonlyMap<string, Newest>;
  readonly refusals: ReadonlyMap<string, Refusal>;
  readonly takenBack: ReadonlyMap<string, readonly TakenBack[]>;
  readonly trialEnds: ReadonlyMap<string, readonly TrialEnd[]>;
  readonly rings: RingTimes | undefined;
  readonly round: Round;
}

const isOf = (
  agent: Agent,
  { feed }: DecisionEntry,
  org: string | null,
): boolean =>
  agent.revokedAt === null &&
  (org === null || agent.org === org) &&
  feedsOf(agent.org).includes(feed);

/** Undefined while its ops stand nowhere. */
const placeOf = ({
  feed,
  epoch,
  first,
  last,
}: DecisionEntry): Placed | undefined =>
  epoch === null || first === null || last === null
    ? undefined
    : { feed, epoch, first, last };

const NOWHERE = { last: 0 };
const NOTHING = { seq: 0, mode: "enforce" } as const;
const THERE = { missing: null, missingSince: null } as const;

/** Why there is no answer of a host that was to carry something out. */
function missingSince({
  decision: { decidedAt, first },
  agent: { enrolledAt },
  connected,
  offlineSince,
  newest,
}: {
  readonly decision: DecisionEntry;
  readonly agent: Agent;
  readonly connected: boolean;
  readonly offlineSince: number | null;
  readonly newest: Newest | undefined;
}): { readonly missing: Absence; readonly missingSince: number } {
  const asked = Math.max(decidedAt, enrolledAt);
  if (!connected) {
    return { missing: "offline", missingSince: offlineSince ?? enrolledAt };
  }
  const isShort = newest !== undefined && newest.last + 1 < (first ?? 0);
  return isShort
    ? { missing: "behind", missingSince: newest.at }
    : { missing: "silent", missingSince: asked };
}

function byAgent<T extends TakenBack>(
  all: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const each of all) {
    const own = found.get(each.agent);
    if (own === undefined) found.set(each.agent, [each]);
    else own.push(each);
  }
  return found;
}

/** Looks of some 50 µs each between two turns of the event loop. */
const HOSTS_A_TURN = 200;
