import type { Logger } from "../../agent/log/logger.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { feedsFor, isFor } from "../feeds/audience.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { Present } from "../feeds/snapshots/present.js";
import type { Statement } from "../journal/database.js";
import type { RecordedObservation } from "../journal/observation-events.js";
import type { Observations } from "../journal/observations.js";
import type { Views } from "../journal/view.js";
import { isEnough } from "../rules/witnesses.js";
import { keptStatement } from "../telemetry/statements.projection.js";
import type { DecisionLog } from "./decision-log.js";
import { HARM, OrgHarm, type OrgHarmPorts } from "./org-harm.js";
import type { UndoLog } from "./undo-log.js";
import type { UndoOrders } from "./undo-orders.js";
import type { Weights } from "./weights.js";

export interface HarmPorts extends OrgHarmPorts {
  readonly clock: Pick<Clock, "now">;
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
 * devices stated each time, so a restart loses nothing.
 */
export class Harm implements AsyncDisposable {
  readonly #ports: HarmPorts;
  readonly #ofOrgs: OrgHarm;
  readonly #stated: Statement<Stated>;
  readonly #place: Statement<Place>;
  readonly #since: Statement<number>;
  readonly #at: Statement<string>;
  readonly #subscription: Disposable;
  #isDue = false;
  #working: Promise<void> | undefined;

  constructor(ports: HarmPorts) {
    const { decided, observed } = ports.views;
    this.#ports = ports;
    this.#ofOrgs = new OrgHarm(ports);
    this.#stated = observed.prepare(
      `SELECT at, agent, org, signed FROM statements
       WHERE at > ? AND what IN ('trial-failed', 'released')
       ORDER BY seq DESC, nth DESC LIMIT ${MOST_STATED}`,
    );
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
    this.#subscription = ports.observations.subscribe((news) => {
      if (news.some(isOfHarm)) this.#look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
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
      try {
        await this.#undoWhatHurts();
      } catch (error) {
        const { log } = this.#ports;
        log.error("what hurts hosts could not be undone", { error });
      }
    }
    this.#working = undefined;
  }

  async #undoWhatHurts(): Promise<void> {
    const { undoLog, undos, log } = this.#ports;
    for (const [undoes, hosts] of await this.#hurt()) {
      if (undoLog.undoings(undoes).length > 0) continue;
      const orgs = new Set(hosts.values());
      if (!this.#isEnough(orgs)) {
        await this.#ofOrgs.holdFor(undoes, hosts);
        continue;
      }
      const hurt = `hosts of ${orgs.size} orgs were hurt by it`;
      const wish = { undoes, by: HARM, reason: hurt, wrong: false };
      const { counts } = await undos.undo({ ...wish, dryRun: false });
      const said = { decision: undoes, orgs: [...orgs], counts };
      log.error("ALARM: a decision hurt hosts, and is undone", said);
    }
  }

  /** By decision of the last day: the hosts that it hurt, each with its org. */
  async #hurt(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const since = this.#ports.clock.now() - WITHIN_MS;
    const after = this.#since.get(since) ?? 0;
    const hurt = new Map<string, Map<string, string>>();
    for (const stated of this.#stated.all(since)) {
      for (const decision of await this.#decisionsOf(stated, after)) {
        const hosts = hurt.get(decision) ?? new Map<string, string>();
        hurt.set(decision, hosts.set(stated.agent, stated.org));
      }
    }
    return hurt;
  }

  async #decisionsOf(
    { at, agent, org, signed }: Stated,
    after: number,
  ): Promise<readonly string[]> {
    const said = keptStatement(signed);
    if (said.what === "released") return this.#released(org, said.range, at);
    if (said.what !== "trial-failed") return [];
    const { feed, revision } = said;
    if (!isFor(org, feed)) return [];
    const place =
      said.position?.feed === feed
        ? said.position
        : this.#place.get(agent, feed, revision);
    if (place === undefined) return [];
    return this.#at.all(after, feed, place.epoch, place.offset);
  }

  /** Of a list, single ranges are released all the time: that is nobody's harm. */
  async #released(
    org: string,
    range: string,
    at: number,
  ): Promise<readonly string[]> {
    const feeds = feedsFor(org, this.#ports.index.standings());
    const look = await this.#ports.present.look(feeds);
    if (look === undefined) return [];
    const cidr = parseCidr(range);
    const bans = feeds.flatMap((feed) => look.around(feed, cidr));
    return bans.flatMap(({ decision }) => {
      const known = this.#ports.decisionLog.decision(decision);
      const isMeant = known !== undefined && known.decidedAt <= at;
      if (!isMeant || known.decidedAt < at - WITHIN_MS) return [];
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
  /** When the cloud took it down: milliseconds since 1970. */
  readonly at: number;
  readonly agent: string;
  readonly org: string;
  readonly signed: string;
}

interface Place {
  readonly epoch: string;
  readonly offset: number;
}

function isOfHarm({ event }: RecordedObservation): boolean {
  if (event.kind !== "telemetry") return false;
  return event.items.some((item) => {
    if (item.kind !== "statement") return false;
    const { what } = keptStatement(item.signed);
    return what === "trial-failed" || what === "released";
  });
}

/** So many orgs of standing. */
const ORGS = 3;

/** What is older has hurt nobody for long. */
const WITHIN_MS = 24 * 60 * 60 * 1000;

/** The newest of a day: enough to see what hurts many. */
const MOST_STATED = 1_000;
