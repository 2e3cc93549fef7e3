import { isOfGroup, type FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { ringOf } from "../../agent/trust/ring.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type { Database } from "../journal/database.js";
import { Turns } from "../rate/turns.js";
import type { Agent } from "../registry/registry.js";
import type { TrialEnd, TriedOn } from "../telemetry/statements.js";
import type { TakenBack } from "../telemetry/telemetry.js";
import {
  Answers,
  Hearing,
  type Newest,
  type Placed,
  type Refusal,
  type SaidSince,
} from "./hearing.js";
import type {
  Answer,
  Around,
  Heard,
  HostOutcome,
  StatedSince,
} from "./host-outcome.js";
import { missingSince, THERE } from "./missing.js";
import { outcomeOf, WAITING } from "./outcome.js";
import { Rounds, type Lookups, type Round, type RoundPorts } from "./rounds.js";

export interface OutcomesPorts extends Omit<RoundPorts, "heardUpTo"> {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  /** When it came into its groups, if that was later than it was let in. */
  readonly regroupedAt: (agent: string) => number;
  readonly isConnected: (agent: string) => boolean;
  /** When it was last heard; undefined where this process has not heard it. */
  readonly heardAt: (agent: string) => number | undefined;
  /** What a host told to have taken back behind an observation. */
  readonly takenBack: (agent: string, after: number) => readonly TakenBack[];
  /** How trials ended, as a device stated. */
  readonly trialEnds: (tried: TriedOn) => readonly TrialEnd[];
  /** The times of a decision's bans that go ring by ring. */
  readonly ringsOf: (decision: DecisionEntry) => RingTimes | undefined;
}

/** Tells host by host what became of a decision. */
export class Outcomes {
  readonly #ports: OutcomesPorts;
  readonly #hearing: Hearing;
  readonly #rounds: Rounds;

  constructor(database: Database, ports: OutcomesPorts) {
    this.#ports = ports;
    this.#hearing = new Hearing(database);
    const heardUpTo = () => this.#hearing.upTo();
    this.#rounds = new Rounds({ ...ports, heardUpTo });
  }

  /**
   * For several decisions in a row: who is there is looked up once.
   * @param org its hosts alone; null: those of all
   * @param gone aborted once nobody waits for it any more
   */
  round(org: string | null, gone?: AbortSignal): Promise<Round> {
    return this.#rounds.of(org, gone);
  }

  /**
   * All hosts that have to carry it out, those that were sent away left out.
   * @throws GivenUp
   */
  async of(
    decision: DecisionEntry,
    round: Round,
  ): Promise<readonly HostOutcome[]> {
    const agents = round.followersOf(decision.feed).listed;
    const turns = new Turns(this.#ports.clock, round.gone);
    const all = await this.#heard(decision, agents, { round, turns });
    const outcomes: HostOutcome[] = [];
    for (const agent of agents) {
      outcomes.push(this.#outcome(decision, agent, all));
      if (turns.isOver) await turns.next();
    }
    return outcomes;
  }

  async #heard(
    decision: DecisionEntry,
    agents: readonly Agent[],
    { round, turns }: { readonly round: Round; readonly turns: Turns },
  ): Promise<AllHeard> {
    const place = placeOf(decision);
    const answers = new Answers(round.ids, place ?? NOWHERE);
    for (const rows of place ? this.#hearing.during(place) : []) {
      answers.take(rows);
      await turns.next();
    }
    await this.#followWhatIsSaid(round, turns);
    const newest = newestIn(round, place);
    for (const { id } of agents) {
      if (place === undefined || newest.has(id)) continue;
      newest.set(id, this.#hearing.newest(id, place) ?? null);
      if (turns.isOver) await turns.next();
    }
    const { waitsForRing } = answers;
    const rings = waitsForRing ? this.#ports.ringsOf(decision) : undefined;
    const refused = refusedIn(round, decision.feed);
    return { place, answers, round, newest, refused, rings };
  }

  /** What was looked up before is level afterwards with what hosts said since. */
  async #followWhatIsSaid({ lookups }: Round, turns: Turns): Promise<void> {
    for (;;) {
      const said = this.#hearing.since(lookups.seen);
      for (const each of said) follow(lookups, each);
      lookups.seen = said.at(-1)?.seq ?? lookups.seen;
      if (said.length === 0) return;
      await turns.next();
    }
  }

  /** A refusal is looked for only where there is no answer. */
  #heardOf(
    { feed, seen }: DecisionEntry,
    agent: string,
    { place, newest, answers, refused: ofFeed }: AllHeard,
  ): HeardOf {
    const { during, provedAt } = answers.of(agent);
    const last = newest.get(agent)?.last ?? 0;
    const isBeyond = place !== undefined && last > place.last;
    const isOpen = provedAt === null && !isBeyond;
    const refused = isOpen ? this.#refused(agent, feed, ofFeed) : undefined;
    const refusal = refused && refused.seq > seen ? refused : undefined;
    return { during, isBeyond, refusal, provedAt };
  }

  /** Told of each host of a fleet for each of many decisions: it makes no copies. */
  #outcome(decision: DecisionEntry, agent: Agent, all: AllHeard): HostOutcome {
    const { id, hostname, org } = agent;
    const heard = this.#heardOf(decision, id, all);
    const said = isSilent(heard)
      ? WAITING
      : outcomeOf(decision, heard, this.#around(decision, agent, all, heard));
    const connected = this.#ports.isConnected(id);
    const offlineSince = connected ? null : this.#lastHeard(agent);
    const cameAt = this.#cameAt(agent, decision);
    const isOpen = said.state === "waiting";
    const newest = all.newest.get(id) ?? undefined;
    const absent = isOpen
      ? missingSince({
          decision,
          agent,
          cameAt,
          offlineSince,
          newest,
          connected,
        })
      : THERE;
    return {
      agent: id,
      hostname,
      org,
      connected,
      state: isOpen && !connected ? "offline" : said.state,
      sure: said.sure,
      enforcedMs: said.enforcedMs,
      held: said.held,
      detail: said.detail,
      offlineSince,
      late: cameAt > decision.decidedAt,
      provedAt: heard.provedAt ?? this.#laterAt(id, heard.isBeyond, all.place),
      missing: absent.missing,
      missingSince: absent.missingSince,
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
    { newest, rings, round }: AllHeard,
    { during }: Heard,
  ): Around {
    const { id } = agent;
    const own = newest.get(id) ?? undefined;
    const ringAt = rings && rings[ringOf(id)] * 1_000;
    return {
      ...this.#endsOf(decision, id, during),
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
    ofFeed: AllHeard["refused"],
  ): Refusal | undefined {
    const known = ofFeed.get(agent);
    if (known !== undefined) return known ?? undefined;
    const found = this.#hearing.refused(agent, feed);
    ofFeed.set(agent, found ?? null);
    return found;
  }

  /** Most hosts have stated nothing since. */
  #stated(
    agent: string,
    after: number,
    { lookups: { stated } }: Round,
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

const isSilent = ({ during, isBeyond, refusal }: Heard): boolean =>
  during.length === 0 && !isBeyond && refusal === undefined;

/** What nobody has looked up yet is looked up when it is asked for. */
function follow({ newest, stated, refused }: Lookups, said: SaidSince): void {
  const { agent, seq } = said;
  if (said.kind === "statement") {
    if (stated.has(agent)) stated.set(agent, seq);
  } else if (said.kind === "refusal") {
    const { feed, code, detail } = said;
    const known = refused.get(feed);
    if (known?.has(agent)) known.set(agent, { seq, code, detail });
  } else {
    const { feed, epoch, at, last, mode } = said;
    const known = newest.get(`${feed} ${epoch}`);
    const before = known?.get(agent);
    const isNewest = before !== undefined && last >= (before?.last ?? 0);
    if (isNewest) known?.set(agent, { seq, at, last, mode });
  }
}

function refusedIn(
  { lookups: { refused } }: Round,
  feed: FeedName,
): AllHeard["refused"] {
  const known = refused.get(feed) ?? new Map<string, Refusal | null>();
  refused.set(feed, known);
  return known;
}

/** Of few feeds and epochs: an old one is asked for now and then. */
function newestIn(
  { lookups: { newest } }: Round,
  place: Placed | undefined,
): Map<string, Newest | null> {
  const key = place && `${place.feed} ${place.epoch}`;
  const known = newest.get(key ?? "");
  if (known !== undefined) return known;
  if (newest.size >= MOST_EPOCHS) newest.clear();
  const made = new Map<string, Newest | null>();
  if (key !== undefined) newest.set(key, made);
  return made;
}

/** Each has an entry for every host. */
const MOST_EPOCHS = 16;

/** What all hosts said of a decision. */
interface AllHeard {
  readonly place: Placed | undefined;
  readonly answers: Answers;
  readonly newest: ReadonlyMap<string, Newest | null>;
  /** Their newest refusals of its feed, as far as they are known. */
  readonly refused: Map<string, Refusal | null>;
  readonly rings: RingTimes | undefined;
  readonly round: Round;
}

type HeardOf = Heard & { readonly provedAt: number | null };

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
