import type { Database, Statement } from "./database.js";

/** The newest head of a log that this host believed. */
export interface KeptTreeHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Unix seconds, as it was signed. */
  readonly time: number;
  /** The signed note. */
  readonly checkpoint: string;
  /** Milliseconds since 1970: when the log was seen first. */
  readonly begun: number;
  /** The same of the newest good head. */
  readonly good: number;
}

/** A head that contradicts what was kept of its log. */
export interface KeptTreeFork {
  readonly origin: string;
  readonly what: string;
  /** The signed note: with the one that was kept, it is the evidence. */
  readonly checkpoint: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What is kept of the cloud's logs: a row each, the oldest give way. */
export class TreeHeads {
  readonly #db: Database;
  readonly #all: Statement<KeptTreeHead>;
  readonly #put: Statement<never>;
  readonly #trim: Statement<never>;
  readonly #forks: Statement<KeptTreeFork>;
  readonly #putFork: Statement<never>;
  readonly #trimForks: Statement<never>;

  constructor(db: Database) {
    this.#db = db;
    this.#all = db.prepare("SELECT * FROM tree_heads ORDER BY good, origin");
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO tree_heads VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#trim = db.prepare(trimmed("tree_heads", "good"));
    this.#forks = db.prepare("SELECT * FROM tree_forks ORDER BY at, origin");
    this.#putFork = db.prepare(
      "INSERT OR REPLACE INTO tree_forks VALUES (?, ?, ?, ?)",
    );
    this.#trimForks = db.prepare(trimmed("tree_forks", "at"));
  }

  /** The one that was believed last stands last. */
  all(): readonly KeptTreeHead[] {
    return this.#db.read(() => this.#all.all());
  }

  put(head: KeptTreeHead): void {
    const { origin, size, root, time, checkpoint, begun, good } = head;
    this.#db.transaction(() => {
      this.#put.run(origin, size, root, time, checkpoint, begun, good);
      this.#trim.run(MOST_LOGS);
    });
  }

  forks(): readonly KeptTreeFork[] {
    return this.#db.read(() => this.#forks.all());
  }

  putFork({ origin, what, checkpoint, at }: KeptTreeFork): void {
    this.#db.transaction(() => {
      this.#putFork.run(origin, what, checkpoint, at);
      this.#trimForks.run(MOST_LOGS);
    });
  }
}

/** A new one begins when a cloud was restored from a copy: hardly ever. */
export const MOST_LOGS = 8;

const trimmed = (table: string, by: string): string =>
  `DELETE FROM ${table} WHERE origin NOT IN
     (SELECT origin FROM ${table} ORDER BY ${by} DESC LIMIT ?)`;
