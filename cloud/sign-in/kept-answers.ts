import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Database, Statement } from "../journal/database.js";

/** What was answered to a change that came with a key. */
interface Kept {
  readonly request: string;
  /** Null: it is shown once, and kept nowhere. */
  readonly answer: {
    readonly status: number;
    readonly text: string;
    readonly etag: string;
  } | null;
}

/** A change as it is written down. */
interface Row {
  readonly id: string;
  readonly request: string;
  /** Null: the vendor's. */
  readonly org: string | null;
  readonly answer: string | null;
}

/**
 * Answers of changes, for who asks again with the same key because the first
 * answer was lost, be it with the cloud's own end: for a day, the newest, within a
 * number and bytes. An org has a share of its own, and no org takes the vendor's.
 */
export class KeptAnswers {
  readonly #ports: {
    readonly clock: Pick<Clock, "now">;
    readonly log: Pick<Logger, "warn">;
  };
  readonly #find: Statement<{
    readonly request: string;
    readonly answer: string | null;
  }>;
  readonly #keep: (change: Row) => void;

  /** @param accounts is theirs: answers may hold what only the caller may read */
  constructor(
    accounts: Database,
    ports: {
      readonly clock: Pick<Clock, "now">;
      readonly log: Pick<Logger, "warn">;
    },
  ) {
    this.#ports = ports;
    accounts.exec(TABLE);
    this.#find = accounts.prepare(
      "SELECT request, answer FROM kept_answers WHERE id = ? AND kept_at > ?",
    );
    const put = accounts.prepare(
      "INSERT OR REPLACE INTO kept_answers VALUES (?, ?, ?, ?, ?, ?)",
    );
    const forget = accounts.prepare(
      "DELETE FROM kept_answers WHERE kept_at <= ?",
    );
    const trim = accounts.prepare(trimmed("org = @org"));
    const trimOrgs = accounts.prepare(trimmed("org <> ''"));
    this.#keep = accounts.transaction(({ id, request, org, answer }: Row) => {
      const now = ports.clock.now();
      forget.run(now - KEPT_MS);
      const bytes = OVERHEAD + Buffer.byteLength(answer ?? "");
      put.run(id, request, org ?? "", answer, bytes, now);
      trim.run({ org: org ?? "", ...(org === null ? VENDOR : OF_AN_ORG) });
      if (org !== null) trimOrgs.run(OF_ORGS);
    });
  }

  find(id: string): Kept | undefined {
    const found = this.#find.get(id, this.#ports.clock.now() - KEPT_MS);
    if (found === undefined) return undefined;
    const { request, answer } = found;
    const read =
      answer === null ? null : (JSON.parse(answer) as Kept["answer"]);
    return { request, answer: read };
  }

  /** What was done is done: where it cannot be kept, only that is said. */
  keep(change: Omit<Row, "answer"> & Pick<Kept, "answer">): void {
    const { answer } = change;
    try {
      const text = answer === null ? null : JSON.stringify(answer);
      this.#keep({ ...change, answer: text });
    } catch (error) {
      const what = "an answer is not kept for its idempotency key";
      this.#ports.log.warn(what, { error });
    }
  }
}

/** Leaves the newest, within `@most` of them and `@bytes`. */
const trimmed = (which: string) => `
  DELETE FROM kept_answers WHERE id IN (
    SELECT id FROM (
      SELECT id, sum(bytes) OVER newest AS total,
        row_number() OVER newest AS nth
      FROM kept_answers WHERE ${which}
      WINDOW newest AS (ORDER BY kept_at DESC, rowid DESC)
    ) WHERE total > @bytes OR nth > @most)`;

/** Ids, hashes, and what SQLite adds. */
const OVERHEAD = 256;

const KEPT_MS = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;
const VENDOR = { most: 1_000, bytes: 16 * MIB };
const OF_AN_ORG = { most: 200, bytes: 4 * MIB };
const OF_ORGS = { most: 5_000, bytes: 48 * MIB };

/** An org's name, or nothing for the vendor. */
const TABLE = `
  CREATE TABLE IF NOT EXISTS kept_answers (
    id TEXT PRIMARY KEY, request TEXT NOT NULL, org TEXT NOT NULL, answer TEXT,
    bytes INTEGER NOT NULL, kept_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS kept_answers_by_org ON kept_answers (org)`;
