import { setImmediate as nextTurn } from "node:timers/promises";
import { isOfGroup, type FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import { ringOf } from "../../agent/trust/ring.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { Database } from "../journal/database.js";
import { GivenUp } from "../rate/turns.js";
import type { Agent } from "../registry/registry.js";
import type { TrialEnd, TriedOn } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";
import {
  Answers,
  Hearing,
  type Newest,
  type Placed,
  type Refusal,
} from "./hearing.js";
import type { HeldByPolicy } from "./held-by-policy.js";
import type {
  Answer,
  Around,
  Heard,
  HostOutcome,
  StatedSince,
} from "./host-outcome.js";
import { missingSince, THERE } from "./missing.js";
import { outcomeOf } from "./outcome.js";

export interface OutcomesPorts {
  readonly agents: () => readonly Agent[];
  readonly follows: Round["follows"];
  /** When it came into its groups, if that was later than it was let in. */
  readonly regroupedAt: (agent: string) => number;
  readonly isConnected: (agent: string) => boolean;
  /** When it was last heard; undefined where this process has not heard it. */
  readonly heardAt: (agent: string) => number | undefined;
  /** What a host told to have taken back behind an observation. */
  readonly takenBack: (agent: string, after: number) => readonly TakenBack[];
  /** How trials ended, as a device stated. */
  readonly trialEnds: (tried: TriedOn) => readonly TrialEnd[];
  /** Hosts whose kernel does not hold their bans, by their health's words. */
  readonly notEnforcing: () => ReadonlyMap<string, string>;
  /** The times of a decision's bans that go ring by ring. */
  readonly ringsOf: (decision: DecisionEntry) => RingTimes | undefined;
  /** What hosts hold by their orgs' policies, as one look at these finds it. */
  readonly heldByPolicy: () => Pick<HeldByPolicy, "of">;
  readonly clock: { now(): number };
}

/** What is the same for all decisions that are looked at together. */
export interface Round {
  /** All that are asked after, those that were sent away included. */
  readonly agents: readonly Agent[];
  /** Whether an agent follows a feed, by the groups that it is in now. */
  readonly follows: (agent: Agent, feed: FeedName) => boolean;
  readonly notEnforcing: ReadonlyMap<string, string>;
  /** Where each agent's receipts of a feed and epoch end. */
  readonly newest: Map<string, ReadonlyMap<string, Newest>>;
  /** The newest observation by which each device stated something; 0: none. */
  readonly stated: Map<string, number>;
  /** Each agent's newest refusal of a feed; null: it refused nothing. */
  readonly refused: Map<string, Refusal | null>;
  readonly byPolicy: Pick<HeldByPolicy, "of">;
  /** Aborted once nobody waits for what is found any more. */
  readonly gone?: AbortSignal | undefined;
}

/** Tells host by host what became of a decision. */
export class Outcomes {
  readonly #ports: OutcomesPorts;
  readonly #hearing: Hearing;

  constructor(database: Database, ports: OutcomesPorts) {
    this.#ports = ports;
    this.#hearing = new Hearing(database);
  }

  /**
   * For several decisions in a row: who is there is looked up once.
   * @param org its hosts alone; null: those of all
   * @param gone aborted once nobody waits for it any more
   */
  round(org: string | null, gone?: AbortSignal): Round {
    const agents = this.#ports
      .agents()
      .filter((agent) => org === null || agent.org === org);
    return {
      ...{ agents, follows: this.#ports.follows },
      notEnforcing: this.#ports.notEnforcing(),
      ...{ newest: new Map(), stated: new Map(), refused: new Map() },
      byPolicy: this.#ports.heldByPolicy(),
      gone,
    };
  }

  /**
   * All hosts that have to carry it out, those that were sent away left out.
   * @throws GivenUp
   */
  async of(
    decision: DecisionEntry,
    round: Round,
  ): Promise<readonly HostOutcome[]> {
    const agents = round.agents.filter(
      (agent) =>
        agent.revokedAt === null && round.follows(agent, decision.feed),
    );
    const all = await this.#heard(decision, agents, round);
    const outcomes: HostOutcome[] = [];
    let looks = 0;
    for (const agent of agents) {
      const heard = this.#heardOf(decision, agent.id, all);
      const around = this.#around(decision, agent, { ...all, heard });
      outcomes.push(this.#outcome(decision, agent, { ...all, heard, around }));
      looks += 1 + rowsOf(around) / ROWS_A_LOOK;
      if (looks < LOOKS_A_TURN) continue;
      looks = 0;
      await othersTurn(round);
    }
    return outcomes;
  }

  async #heard(
    decision: DecisionEntry,
    agents: readonly Agent[],
    round: Round,
  ): Promise<AllHeard> {
    const place = placeOf(decision);
    const ids = agents.map(({ id }) => id);
    const answers = new Answers(ids, place ?? NOWHERE);
    for (const rows of place ? this.#hearing.during(place) : []) {
      answers.take(rows);
      await othersTurn(round);
    }
    return {
      ...{ place, answers, round },
      newest: place ? await this.#newest(place, round) : new Map(),
      rings: answers.waitsForRing ? this.#ports.ringsOf(decision) : undefined,
    };
  }

  /** Once a round of a feed and epoch, whatever the number of decisions. */
  async #newest(
    { feed, epoch }: Placed,
    round: Round,
  ): Promise<ReadonlyMap<string, Newest>> {
    const { agents, newest } = round;
    const key = `${feed} ${epoch}`;
    const known = newest.get(key);
    if (known !== undefined) return known;
    const found = new Map<string, Newest>();
    for (const [i, { id }] of agents.entries()) {
      if (i % LOOKS_A_TURN === LOOKS_A_TURN - 1) await othersTurn(round);
      const each = this.#hearing.newest(id, { feed, epoch });
      if (each !== undefined) found.set(id, each);
    }
    newest.set(key, found);
    return found;
  }

  /** A refusal is looked for only where there is no answer. */
  #heardOf(
    { feed, seen }: DecisionEntry,
    agent: string,
    { place, newest, answers, round }: AllHeard,
  ): HeardOf {
    const { during, provedAt } = answers.of(agent);
    const last = newest.get(agent)?.last ?? 0;
    const isBeyond = place !== undefined && last > place.last;
    const isOpen = provedAt === null && !isBeyond;
    const refused = isOpen ? this.#refused(agent, feed, round) : undefined;
    const refusal = refused && refused.seq > seen ? refused : undefined;
    return { during, isBeyond, refusal, provedAt };
  }

  #outcome(
    decision: DecisionEntry,
    agent: Agent,
    { place, newest, heard, around }: AllHeard & HostHeard,
  ): HostOutcome {
    const { id, hostname, org } = agent;
    const { decidedAt } = decision;
    const { provedAt, isBeyond } = heard;
    const said = outcomeOf(decision, heard, around);
    const connected = this.#ports.isConnected(id);
    const offlineSince = connected ? null : this.#lastHeard(agent);
    const isOpen = said.state === "waiting";
    const own = newest.get(id);
    const cameAt = this.#cameAt(agent, decision);
    const since = {
      ...{ decision, agent, cameAt },
      ...{ offlineSince, newest: own, connected },
    };
    return {
      ...{ agent: id, hostname, org, connected, ...said },
      state: isOpen && !connected ? "offline" : said.state,
      ...{ offlineSince, late: cameAt > decidedAt },
      provedAt: provedAt ?? this.#laterAt(id, isBeyond, place),
      ...(isOpen ? missingSince(since) : THERE),
    };
  }

  /** When it came to be one of those that the decision is for. */
  #cameAt({ id, enrolledAt }: Agent, { feed }: DecisionEntry): number {
    if (!isOfGroup(feed)) return enrolledAt;
    return Math.max(enrolledAt, this.#ports.regroupedAt(id));
  }

  #around(
    decision: DecisionEntry,
    agent: Agent,
    { newest, rings, round, heard }: AllHeard & Pick<HostHeard, "heard">,
  ): Around {
    const { id } = agent;
    const own = newest.get(id);
    const ringAt = rings && rings[ringOf(id)] * 1_000;
    return {
      ...this.#endsOf(decision, id, heard.during),
      // Without a receipt there is nothing that it could make untrue.
      stated: own === undefined ? [] : this.#stated(id, decision.seen, round),
      byPolicy: own === undefined ? {} : round.byPolicy.of(agent, decision),
      newest: own ?? NOTHING,
      notEnforcing: round.notEnforcing.get(id),
      ringAt: ringAt ?? null,
      now: this.#ports.clock.now(),
    };
  }

  /** How the trials ended that its receipts tell of, if any does. */
  #endsOf(
    { feed, seen: after }: DecisionEntry,
    agent: string,
    during: readonly Answer[],
  ): Pick<Around, "takenBack" | "trialEnds"> {
    const revisions = during.flatMap(({ receipt: { trial, revision } }) =>
      trial === undefined ? [] : [revision],
    );
    if (revisions.length === 0) return { takenBack: [], trialEnds: [] };
    const { takenBack, trialEnds } = this.#ports;
    return {
      takenBack: takenBack(agent, after),
      trialEnds: trialEnds({ agent, feed, revisions, after }),
    };
  }

  #refused(
    agent: string,
    feed: FeedName,
    { refused }: Round,
  ): Refusal | undefined {
    const key = `${agent} ${feed}`;
    const known = refused.get(key);
    if (known !== undefined) return known ?? undefined;
    const found = this.#hearing.refused(agent, feed);
    refused.set(key, found ?? null);
    return found;
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

/** @throws GivenUp */
async function othersTurn({ gone }: Round): Promise<void> {
  await nextTurn();
  if (gone?.aborted) throw new GivenUp("nobody waits for it any more");
}

/** What all hosts said of a decision. */
interface AllHeard {
  readonly place: Placed | undefined;
  readonly answers: Answers;
  readonly newest: ReadonlyMap<string, Newest>;
  readonly rings: RingTimes | undefined;
  readonly round: Round;
}

type HeardOf = Heard & { readonly provedAt: number | null };

/** What one of them said of it, and what is known beside that. */
interface HostHeard {
  readonly heard: HeardOf;
  readonly around: Around;
}

/** Rows that were read for one host. */
const rowsOf = ({ stated, trialEnds, takenBack }: Around): number =>
  stated.length + trialEnds.length + takenBack.length;

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
/** Looks of some 50 µs each between two turns of the event loop. */
const LOOKS_A_TURN = 200;

/** Of what a host stated, and told: each is parsed. */
const ROWS_A_LOOK = 10;
