import type { Database, Statement } from "../journal/database.js";
import { MOST_OF_AN_AGENT } from "./detections.projection.js";

/** Somebody who was detected, and at most so much of him. */
export interface PastAttacker {
  readonly attacker: string;
  readonly orgs: number;
  readonly hosts: number;
  readonly failures: number;
  readonly detections: number;
}

export interface PastDetection {
  readonly seq: number;
  /** When the cloud took it down, and when it was, in ms since 1970. */
  readonly at: number;
  readonly time: number;
  readonly agent: string;
  readonly org: string;
  readonly sensor: string;
  readonly failures: number;
}

/** What is kept of what hosts detected, attacker by attacker. */
export class PastDetections {
  readonly #attackers: Statement<PastAttacker>;
  readonly #of: Statement<PastDetection>;
  readonly #clipped: Statement<number>;

  /** @param observed the view of what agents said */
  constructor(observed: Database) {
    this.#attackers = observed.prepare(
      `SELECT attacker, count(DISTINCT org) AS orgs,
         count(DISTINCT agent) AS hosts, count(*) AS detections,
         sum(min(count, 1000000)) AS failures
       FROM detections
       WHERE attacker > ? AND time > ? AND action <> 'held'
       GROUP BY attacker ORDER BY attacker LIMIT ?`,
    );
    this.#of = observed.prepare(
      `SELECT seq, at, time, agent, org, sensor,
         min(count, 1000000) AS failures
       FROM detections
       WHERE attacker = ? AND time > ? AND action <> 'held'
       ORDER BY seq, nth`,
    );
    this.#clipped = observed
      .prepare<unknown[], number>(
        "SELECT count(*) FROM detection_counts WHERE detections > ?",
      )
      .pluck();
  }

  /** In the order of their texts, behind one of them. */
  attackers(
    after: string,
    since: number,
    limit: number,
  ): readonly PastAttacker[] {
    return this.#attackers.all(after, since, limit);
  }

  /** In the order in which they came. */
  of(attacker: string, since: number): readonly PastDetection[] {
    return this.#of.all(attacker, since);
  }

  /** Of how many hosts more was detected than is kept. */
  clippedHosts(): number {
    return this.#clipped.get(MOST_OF_AN_AGENT) ?? 0;
  }
}
