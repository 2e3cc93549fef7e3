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

/**
 * Answers of changes, for who asks again with the same key because the first
 * answer was lost, be it with the cloud's own end: for a day, the newest, within a
 * number and bytes.
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
  readonly #keep: (id: string, request: string, answer: string | null) => void;

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
      "INSERT OR REPLACE INTO kept_answers VALUES (?, ?, ?, ?, ?)",
    );
    const forget = accounts.prepare(
      "DELETE FROM kept_answers WHERE kept_at <= ?",
    );
    const trim = accounts.prepare(
      `DELETE FROM kept_answers WHERE id IN (
         SELECT id FROM (
           SELECT id, sum(bytes) OVER newest AS total,
             row_number() OVER newest AS nth
           FROM kept_answers WINDOW newest AS (ORDER BY kept_at DESC, rowid DESC)
         ) WHERE total > ${MOST_BYTES} OR nth > ${MOST})`,
    );
    this.#keep = accounts.transaction(
      (id: string, request: string, answer: string | null) => {
        const now = ports.clock.now();
        forget.run(now - KEPT_MS);
        const bytes = OVERHEAD + Buffer.byteLength(answer ?? "");
        put.run(id, request, answer, bytes, now);
        trim.run();
      },
    );
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
  keep(id: string, request: string, answer: Kept["answer"]): void {
    try {
      const text = answer === null ? null : JSON.stringify(answer);
      this.#keep(id, request, text);
    } catch (error) {
      const what = "an answer is not kept for its idempotency key";
      this.#ports.log.warn(what, { error });
    }
  }
}

/** Ids, hashes, and what SQLite adds. */
const OVERHEAD = 256;

const KEPT_MS = 24 * 60 * 60 * 1000;
const MOST = 1_000;
const MOST_BYTES = 16 * 1024 * 1024;

const TABLE = `
  CREATE TABLE IF NOT EXISTS kept_answers (
    id TEXT PRIMARY KEY, request TEXT NOT NULL, answer TEXT,
    bytes INTEGER NOT NULL, kept_at INTEGER NOT NULL
  ) STRICT`;
