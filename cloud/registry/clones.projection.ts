import type { Statement } from "../journal/database.js";
import type { BootSeen } from "../journal/observation-events.js";
import type {
  DecisionProjection,
  ObservationProjection,
  Views,
} from "../journal/view.js";
import { MOST_BOOTS } from "./clone-detector.js";

/** Which starts of each agent were here, and which of them cannot both be true. */
export const bootTables: ObservationProjection = {
  tables: `
    CREATE TABLE boots (
      seq INTEGER PRIMARY KEY, agent TEXT NOT NULL, boot TEXT NOT NULL,
      version TEXT NOT NULL, address TEXT NOT NULL, seen_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX boots_by_agent ON boots (agent, seq);
    CREATE TABLE clones (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      returned TEXT NOT NULL, newer TEXT NOT NULL,
      returned_boot TEXT NOT NULL, newer_boot TEXT NOT NULL
    ) STRICT;
    CREATE INDEX clones_by_agent ON clones (agent, seq)`,

  fold(database) {
    const add = database.prepare("INSERT INTO boots VALUES (?, ?, ?, ?, ?, ?)");
    const forget = database.prepare(
      `DELETE FROM boots WHERE agent = @agent AND seq <= (
         SELECT seq FROM boots WHERE agent = @agent
         ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_BOOTS})`,
    );
    const tell = database.prepare(
      "INSERT INTO clones VALUES (?, ?, ?, ?, ?, ?, ?)",
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
      }
    };
  },
};

/** Up to which observation an operator has seen to an agent's clones. */
export const clearingTables: DecisionProjection = {
  tables: `
    CREATE TABLE clearings (
      agent TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
      through INTEGER NOT NULL,
      PRIMARY KEY (agent, seq)
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const add = database.prepare("INSERT INTO clearings VALUES (?, ?, ?, ?)");
    return ({ seq, at, event }) => {
      if (event.kind !== "clones-cleared") return;
      add.run(event.agent, seq, at, event.seen ?? seq);
    };
  },
};

/** Two starts of one agent that were both alive. */
export interface CloneEntry {
  /** Of the observation that is the evidence. */
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
  readonly #cloned: Statement<string>;
  readonly #behind: Statement<number>;
  readonly #cleared: Statement<number>;
  readonly #clearedAt: Statement<number | null>;

  constructor({ decided, observed }: Views) {
    this.#boots = observed.prepare(
      `SELECT boot, version, address, seen_at AS seenAt FROM boots
       WHERE agent = ? ORDER BY seq`,
    );
    this.#addresses = observed.prepare(
      "SELECT address FROM boots ORDER BY seq DESC LIMIT ?",
    );
    this.#told = observed.prepare(
      `SELECT 1 FROM clones WHERE agent = ? AND returned_boot = ?
         AND newer_boot = ? AND seq > ?`,
    );
    this.#clones = observed.prepare(
      `SELECT seq, at, agent, returned, newer
       FROM clones WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
    );
    this.#cloned = observed
      .prepare<unknown[], string>("SELECT DISTINCT agent FROM clones")
      .pluck();
    this.#behind = observed
      .prepare<unknown[], number>(
        "SELECT count(*) FROM clones WHERE agent = ? AND seq > ?",
      )
      .pluck();
    this.#cleared = decided
      .prepare<unknown[], number>(
        "SELECT coalesce(max(through), 0) FROM clearings WHERE agent = ?",
      )
      .pluck();
    this.#clearedAt = decided
      .prepare<unknown[], number | null>(
        "SELECT min(at) FROM clearings WHERE agent = ? AND through >= ?",
      )
      .pluck();
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
    const cleared = this.#clearedThrough(agent);
    return this.#told.get(agent, returned, newer, cleared) !== undefined;
  }

  /** Newest first; those before an observation, or all. */
  clones(
    limit: number,
    before: number = Number.MAX_SAFE_INTEGER,
  ): readonly CloneEntry[] {
    return this.#clones
      .all(before, limit)
      .map(({ returned, newer, ...rest }) => ({
        ...rest,
        returned: JSON.parse(returned) as BootSeen,
        newer: JSON.parse(newer) as BootSeen,
        clearedAt: this.#clearedAt.get(rest.agent, rest.seq) ?? null,
      }));
  }

  /** How many pairs of each agent no operator has seen to. */
  standing(): ReadonlyMap<string, number> {
    const standing = this.#cloned.all().map((agent): [string, number] => {
      const cleared = this.#clearedThrough(agent);
      return [agent, this.#behind.get(agent, cleared) ?? 0];
    });
    return new Map(standing.filter(([, pairs]) => pairs > 0));
  }

  #clearedThrough(agent: string): number {
    return this.#cleared.get(agent) ?? 0;
  }
}

type CloneRow = Omit<CloneEntry, "returned" | "newer" | "clearedAt"> & {
  readonly returned: string;
  readonly newer: string;
};
