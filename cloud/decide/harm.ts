import type { Logger } from "../../agent/log/logger.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { feedsFor, isFor } from "../feeds/audience.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Look, Present } from "../feeds/snapshots/present.js";
import type { Statement } from "../journal/database.js";
import type { Observations } from "../journal/observations.js";
import type { Views } from "../journal/view.js";
import { isEnough } from "../rules/witnesses.js";
import {
  HARM_COUNTS_MS,
  harmsIn,
  type Harmed,
} from "../telemetry/harms.projection.js";
import { keptStatement } from "../telemetry/statements.projection.js";
import type { DecisionLog } from "./decision-log.js";
import { HARM, OrgHarm, type Hurt, type OrgHarmPorts } from "./org-harm.js";
import type { UndoLog } from "./undo-log.js";
import { CannotUndo, type UndoOrders } from "./undo-orders.js";
import type { Weights } from "./weights.js";

export interface HarmPorts extends OrgHarmPorts {
  readonly clock: Pick<Clock, "now" | "every">;
  readonly log: Logger;
  readonly views: Views;
  readonly observations: Pick<Observations, "subscribe">;
  readonly present: Pick<Present, "look">;
  readonly index: Pick<FeedIndex, "segmentsAfter" | "standings">;
  readonly weights: Pick<Weights, "of">;
  readonly decisionLog: Pick<DecisionLog, "decision">;
  readonly undoLog: Pick<UndoLog, "undoings">;
  readonly undos: Pick<UndoOrders, "undo">;
}

/**
 * Undoes by itself what hosts of several orgs state to have been hurt by: their
 * trial of it failed, or their operators released what it bans. What one org says
 * lifts nothing for others: for that org alone it is held. It counts anew from what
 * devices stated each time, and when it starts, so a restart loses nothing; what
 * could not be done is tried again, and keeps nothing else waiting.
 */
export class Harm implements AsyncDisposable {
  readonly #ports: HarmPorts;
  readonly #ofOrgs: OrgHarm;
  readonly #stated: Statement<Stated>;
  readonly #place: Statement<Place>;
  readonly #since: Statement<number>;
  readonly #at: Statement<string>;
  readonly #heard: readonly Disposable[];
  #isDue = false;
  /** Something could not be looked at, or not be done. */
  #isUnfinished = false;
  #working: Promise<void> | undefined;

  constructor(ports: HarmPorts) {
    const { decided, observed } = ports.views;
    this.#ports = ports;
    this.#ofOrgs = new OrgHarm(ports);
    this.#stated = observed.prepare(STATED);
    this.#place = observed.prepare(
      `SELECT epoch, last AS offset FROM receipts
       WHERE agent = ? AND feed = ? AND receipt ->> '$.revision' = ?
       ORDER BY seq DESC LIMIT 1`,
    );
    this.#since = decided
      .prepare<unknown[], number>(
        "SELECT seq FROM decisions WHERE decided_at <= ? ORDER BY seq DESC LIMIT 1",
      )
      .pluck();
    this.#at = decided
      .prepare<unknown[], string>(
        `SELECT id FROM decisions WHERE seq > ? AND feed = ? AND epoch = ?
           AND ? BETWEEN first AND last`,
      )
      .pluck();
    this.#heard = [
      ports.observations.subscribe((news) => {
        if (news.some(({ event }) => harmsIn(event).length > 0)) this.#look();
      }),
      ports.clock.every(AGAIN_MS, () => {
        if (this.#isUnfinished) this.#look();
      }),
    ];
    this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#heard) each[Symbol.dispose]();
    this.#isDue = false;
    await this.#working;
  }

  #look(): void {
    this.#isDue = true;
    this.#working ??= this.#work();
  }

  /** Never rejects. What is said meanwhile is looked at together, once more. */
  async #work(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      this.#isUnfinished = false;
      await this.#tried({}, () => this.#answerAll());
    }
    this.#working = undefined;
  }

  /** What fails is tried again, but for what can never be undone. */
  async #tried(what: object, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#isUnfinished ||= !(error instanceof CannotUndo);
      const { log } = this.#ports;
      log.error("what hurts hosts could not be undone", { ...what, error });
    }
  }

  async #answerAll(): Promise<void> {
    for (const [decision, hosts] of await this.#hurt()) {
      const orgs = new Set([...hosts.values()].map(({ org }) => org));
      if (this.#ports.undoLog.undoings(decision).length > 0) continue;
      if (this.#isEnough(orgs)) {
        await this.#tried({ decision }, () => this.#undo(decision, orgs));
        continue;
      }
      for (const org of orgs) {
        await this.#tried({ decision, org }, () =>
          this.#ofOrgs.holdFor(org, decision, hosts),
        );
      }
    }
  }

  async #undo(undoes: string, orgs: ReadonlySet<string>): Promise<void> {
    const { undos, log } = this.#ports;
    const hurt = `hosts of ${orgs.size} orgs were hurt by it`;
    const wish = { undoes, by: HARM, reason: hurt, wrong: false };
    const { counts } = await undos.undo({ ...wish, dryRun: false });
    const said = { decision: undoes, orgs: [...orgs], counts };
    log.error("ALARM: a decision hurt hosts, and is undone", said);
  }

  /** By decision of the last day: the agents that it hurt. Who said so first is first. */
  async #hurt(): Promise<ReadonlyMap<string, ReadonlyMap<string, Hurt>>> {
    const since = this.#ports.clock.now() - HARM_COUNTS_MS;
    const after = this.#since.get(since) ?? 0;
    const hurt = new Map<string, Map<string, Hurt>>();
    const looks = new Map<string, Look | undefined>();
    const stated = [...this.#stated.all(since)];
    stated.sort((a, b) => a.seq - b.seq || a.nth - b.nth);
    for (const { agent, org, at, signed } of stated) {
      if (!looks.has(org)) looks.set(org, await this.#lookFor(org));
      const word = { agent, org, at, look: looks.get(org) };
      await this.#tried({ agent }, () => {
        const harm = keptStatement(signed) as Harmed;
        for (const decision of this.#decisionsOf(harm, word, after)) {
          const hosts = hurt.get(decision) ?? new Map<string, Hurt>();
          hurt.set(decision, hosts.set(agent, { org, at }));
        }
        return Promise.resolve();
      });
    }
    return hurt;
  }

  /** Undefined where what is banned can't be told for now. */
  async #lookFor(org: string): Promise<Look | undefined> {
    const { present, index } = this.#ports;
    const look = await present.look(feedsFor(org, index.standings()));
    this.#isUnfinished ||= look === undefined;
    return look;
  }

  #decisionsOf(harm: Harmed, word: Word, after: number): readonly string[] {
    if (harm.what === "released") return this.#released(harm.range, word);
    const { feed, revision } = harm;
    if (!isFor(word.org, feed)) return [];
    const place =
      harm.position?.feed === feed
        ? harm.position
        : this.#place.get(word.agent, feed, revision);
    if (place === undefined) return [];
    return this.#at.all(after, feed, place.epoch, place.offset);
  }

  /** Of a list, single ranges are released all the time: that is nobody's harm. */
  #released(range: string, { at, look }: Word): readonly string[] {
    if (look === undefined) return [];
    const cidr = parseCidr(range);
    const bans = look.feeds.flatMap((feed) => look.around(feed, cidr));
    return bans.flatMap(({ decision }) => {
      const known = this.#ports.decisionLog.decision(decision);
      const isMeant = known !== undefined && known.decidedAt <= at;
      if (!isMeant || known.decidedAt < at - HARM_COUNTS_MS) return [];
      return known.targets.length === known.ranges ? decision : [];
    });
  }

  /** Each by itself: many puppets of a batch are one of them. */
  #isEnough(orgs: ReadonlySet<string>): boolean {
    if (orgs.size < ORGS) return false;
    const weights = [...this.#ports.weights.of(orgs).values()];
    return isEnough({ weight: 0, orgs: ORGS }, weights);
  }
}

interface Stated {
  readonly seq: number;
  readonly nth: number;
  /** When the cloud took it down: milliseconds since 1970. */
  readonly at: number;
  readonly agent: string;
  readonly org: string;
  readonly signed: string;
}

/** Whose it is, when it came, and what is banned for that org now. */
type Word = Pick<Stated, "at" | "agent" | "org"> & {
  readonly look: Look | undefined;
};

interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/** So many orgs of standing. */
const ORGS = 3;

/** What failed is tried again after so long. */
const AGAIN_MS = 60_000;

/** Of a day, in one look: enough to see what hurts many. */
const MOST_STATED = 1_000;

/** Orgs take turns, and so do the hosts of each: whoever states most makes room. */
export const STATED = `
  SELECT seq, nth, at, agent, org, signed FROM (
    SELECT *, row_number() OVER (
      PARTITION BY org ORDER BY turn, seq DESC, nth DESC) AS turn_of_org
    FROM (
      SELECT *, row_number() OVER (
        PARTITION BY agent ORDER BY seq DESC, nth DESC) AS turn
      FROM harms WHERE at > ?))
  ORDER BY turn_of_org, seq DESC, nth DESC LIMIT ${MOST_STATED}`;
