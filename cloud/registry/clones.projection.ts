import type { Database, Statement } from "../journal/database.js";
import type { BootSeen } from "../journal/events.js";
import type { Projection } from "../journal/view.js";
import { MOST_BOOTS } from "./clone-detector.js";

/** Which starts of each agent were here, and which of them cannot both be true. */
export const bootTables: Projection = {
  tables: `
    CREATE TABLE boots (
      seq INTEGER PRIMARY KEY, agent TEXT NOT NULL, boot TEXT NOT NULL,
      version TEXT NOT NULL, address TEXT NOT NULL, seen_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX boots_by_agent ON boots (agent, seq);
    CREATE TABLE clones (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      returned TEXT NOT NULL, newer TEXT NOT NULL,
      returned_boot TEXT NOT NULL, newer_boot TEXT NOT NULL, cleared_at INTEGER
    ) STRICT;
    CREATE INDEX clones_by_agent ON clones (agent, cleared_at)`,

  fold(database) {
    const add = database.prepare("INSERT INTO boots VALUES (?, ?, ?, ?, ?, ?)");
    const forget = database.prepare(
      `DELETE FROM boots WHERE agent = @agent AND seq <= (
         SELECT seq FROM boots WHERE agent = @agent
         ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_BOOTS})`,
    );
    const tell = database.prepare(
      "INSERT INTO clones VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
    );
    const clear = database.prepare(
      "UPDATE clones SET cleared_at = ? WHERE agent = ? AND cleared_at IS NULL",
    );
    return ({ seq, at, event }) => {
      if (event.kind === "agent-booted") {
        const { agent, boot, version, address, seenAt } = event;
        add.run(seq, agent, boot, version, address, seenAt);
        forget.run({ agent });
      } else if (event.kind === "agent-cloned") {
        const { agent, returned, newer } = event;
        const texts = [JSON.stringify(returned), JSON.stringify(newer)];
        tell.run(seq, at, agent, ...texts, returned.boot, newer.boot);
      } else if (event.kind === "clones-cleared") {
        clear.run(at, event.agent);
      }
    };
  },
};

/** Two starts of one agent that were both alive. */
export interface CloneEntry {
  /** Of the journal, where the evidence is. */
  readonly seq: number;
  readonly at: number;
  readonly agent: string;
  /** The one that came back, and the one that had come after it. */
  readonly returned: BootSeen;
  readonly newer: BootSeen;
  /** When an operator had seen to it; null while it stands. */
  readonly clearedAt: number | null;
}

/** Finds which starts of agents were here. */
export class BootLog {
  readonly #boots: Statement<BootSeen>;
  readonly #addresses: Statement<{ address: string }>;
  readonly #told: Statement<unknown>;
  readonly #clones: Statement<CloneRow>;
  readonly #standing: Statement<{ agent: string; pairs: number }>;

  constructor(database: Database) {
    this.#boots = database.prepare(
      `SELECT boot, version, address, seen_at AS seenAt FROM boots
       WHERE agent = ? ORDER BY seq`,
    );
    this.#addresses = database.prepare(
      "SELECT address FROM boots ORDER BY seq DESC LIMIT ?",
    );
    this.#told = database.prepare(
      `SELECT 1 FROM clones WHERE agent = ? AND returned_boot = ?
         AND newer_boot = ? AND cleared_at IS NULL`,
    );
    this.#clones = database.prepare(
      `SELECT seq, at, agent, returned, newer, cleared_at AS clearedAt
       FROM clones ORDER BY seq DESC LIMIT ?`,
    );
    this.#standing = database.prepare(
      `SELECT agent, count(*) AS pairs FROM clones
       WHERE cleared_at IS NULL GROUP BY agent`,
    );
  }

  /** Where agents came from, the newest last; at most so many. */
  addresses(most: number): readonly string[] {
    return this.#addresses
      .all(most)
      .map(({ address }) => address)
      .reverse();
  }

  /** The newest last. */
  boots(agent: string): readonly BootSeen[] {
    return this.#boots.all(agent);
  }

  isTold(agent: string, returned: string, newer: string): boolean {
    return this.#told.get(agent, returned, newer) !== undefined;
  }

  /** Newest first. */
  clones(limit: number): readonly CloneEntry[] {
    return this.#clones.all(limit).map(({ returned, newer, ...rest }) => ({
      ...rest,
      returned: JSON.parse(returned) as BootSeen,
      newer: JSON.parse(newer) as BootSeen,
    }));
  }

  /** How many pairs of each agent no operator has seen to. */
  standing(): ReadonlyMap<string, number> {
    return new Map(
      this.#standing.all().map(({ agent, pairs }) => [agent, pairs]),
    );
  }
}

type CloneRow = Omit<CloneEntry, "returned" | "newer"> & {
  readonly returned: string;
  readonly newer: string;
};
