import type { FeedName } from "../../agent/model/position.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import type { Database, Statement } from "../journal/database.js";
import type { Projection } from "../journal/view.js";

/** What agents answered: receipts and refusals, as the journal holds them. */
export const receiptTables: Projection = {
  tables: `
    CREATE TABLE receipts (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      feed TEXT NOT NULL, epoch TEXT NOT NULL, last INTEGER NOT NULL,
      receipt TEXT NOT NULL
    ) STRICT;
    CREATE INDEX receipts_by_place ON receipts (feed, last);
    CREATE TABLE refusals (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, agent TEXT NOT NULL,
      feed TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT`,

  fold(database) {
    const addReceipt = database.prepare(
      "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const addRefusal = database.prepare(
      "INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?)",
    );
    return ({ seq, at, event }) => {
      if (event.kind === "receipt") {
        const { position } = JSON.parse(event.signed) as Receipt;
        const { feed, epoch, offset } = position;
        const { agent, signed } = event;
        addReceipt.run(seq, at, agent, feed, epoch, offset, signed);
      } else if (event.kind === "refusal") {
        const { agent, feed, code, detail } = event;
        addRefusal.run(seq, at, agent, feed, code, detail);
      }
    };
  },
};

/** A receipt with its place in the journal. */
export interface ReceiptEntry {
  readonly seq: number;
  /** When the cloud took it down: milliseconds since 1970. */
  readonly at: number;
  readonly receipt: Receipt;
}

export interface RefusalEntry {
  readonly seq: number;
  readonly at: number;
  readonly agent: string;
  readonly feed: FeedName;
  readonly code: string;
  readonly detail: string;
}

/** Which answers to look for; undefined is any. */
export interface AnswerQuery {
  readonly after: number;
  readonly limit: number;
  readonly agent: string | undefined;
  readonly feed: string | undefined;
  /** Receipts that stand at least here. */
  readonly offset: number | undefined;
}

/** Finds what agents answered. */
export class Receipts {
  readonly #receipts: Statement<{ seq: number; at: number; receipt: string }>;
  readonly #refusals: Statement<RefusalEntry>;

  constructor(database: Database) {
    this.#receipts = database.prepare(
      `SELECT seq, at, receipt FROM receipts
       WHERE seq > @after AND (@agent IS NULL OR agent = @agent)
         AND (@feed IS NULL OR feed = @feed)
         AND (@offset IS NULL OR last >= @offset)
       ORDER BY seq LIMIT @limit`,
    );
    this.#refusals = database.prepare(
      `SELECT seq, at, agent, feed, code, detail FROM refusals
       WHERE seq > @after AND (@agent IS NULL OR agent = @agent)
         AND (@feed IS NULL OR feed = @feed)
       ORDER BY seq LIMIT @limit`,
    );
  }

  receipts(query: AnswerQuery): readonly ReceiptEntry[] {
    return this.#receipts.all(bound(query)).map(({ seq, at, receipt }) => ({
      seq,
      at,
      receipt: JSON.parse(receipt) as Receipt,
    }));
  }

  refusals(query: AnswerQuery): readonly RefusalEntry[] {
    return this.#refusals.all(bound(query));
  }
}

function bound({ agent, feed, offset, ...rest }: AnswerQuery) {
  return {
    ...rest,
    agent: agent ?? null,
    feed: feed ?? null,
    offset: offset ?? null,
  };
}
