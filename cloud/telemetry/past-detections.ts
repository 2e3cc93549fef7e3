import type { Database, Statement } from "../journal/database.js";
import { MOST_OF_AN_AGENT } from "./detections.projection.js";
import { FAILURES, type Evidence } from "./evidence.js";

export interface PastDetection extends Evidence {
  readonly attacker: string;
  readonly nth: number;
  /** When the cloud took it down, in ms since 1970. */
  readonly at: number;
  /** 1: its host's guard held the ban, since the source is one of its own. */
  readonly held: 0 | 1;
}

/** Behind which detection the next ones are asked for. */
export type PastPlace = Pick<PastDetection, "attacker" | "seq" | "nth">;

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
  readonly #behind: Statement<PastDetection>;
  readonly #clipped: Statement<number>;
  readonly #hosts: Statement<{ agent: string; org: string }>;
  readonly #ofHost: Statement<HostDetection>;

  /** @param observed the view of what agents said */
  constructor(observed: Database) {
    this.#behind = observed.prepare(BEHIND);
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

  /** Attacker by attacker, and of each in the order in which they came. */
  behind(
    { attacker, seq, nth }: PastPlace,
    limit: number,
  ): readonly PastDetection[] {
    return this.#behind.all(attacker, seq, nth, limit);
  }

  /** Of how many hosts more was detected than is kept. */
  clippedHosts(): number {
    return this.#clipped.get(MOST_OF_AN_AGENT) ?? 0;
  }
}

export const BEHIND = `
  SELECT attacker, seq, nth, at, time, agent, org, sensor, ${FAILURES},
    action = 'held' AS held
  FROM detections WHERE (attacker, seq, nth) > (?, ?, ?)
  ORDER BY attacker, seq, nth LIMIT ?`;
