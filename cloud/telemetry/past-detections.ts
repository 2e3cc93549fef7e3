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

/** A detection in the order of its host's. */
export interface HostDetection {
  readonly number: number;
  readonly at: number;
  readonly time: number;
  /** Null: whoever it was has no address. */
  readonly attacker: string | null;
}

/** What is kept of what hosts detected, attacker by attacker or host by host. */
export class PastDetections {
  readonly #attackers: Statement<PastAttacker>;
  readonly #of: Statement<PastDetection>;
  readonly #clipped: Statement<number>;
  readonly #hosts: Statement<{ agent: string; org: string }>;
  readonly #ofHost: Statement<HostDetection>;

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
    this.#hosts = observed.prepare(
      `SELECT agent,
         (SELECT org FROM detections WHERE agent = counted.agent LIMIT 1) AS org
       FROM detection_counts counted WHERE agent > ? ORDER BY agent LIMIT ?`,
    );
    this.#ofHost = observed.prepare(
      `SELECT number, at, time, attacker FROM detections
       WHERE agent = ? AND number < ? ORDER BY number DESC LIMIT ?`,
    );
  }

  /** Who ever detected somebody, in the order of their names, behind one of them. */
  hosts(
    after: string,
    limit: number,
  ): readonly { readonly agent: string; readonly org: string }[] {
    return this.#hosts.all(after, limit);
  }

  /** The newest of one host's in front of a number. */
  ofHost(
    agent: string,
    before: number,
    limit: number,
  ): readonly HostDetection[] {
    return this.#ofHost.all(agent, before, limit);
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
