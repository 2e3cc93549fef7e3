import type { FeedName } from "../../agent/model/position.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import type { Database, Statement } from "../journal/database.js";
import { keptReceipt } from "./kept-receipt.js";

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

/** An agent that holds a history which this cloud's feed never had. */
export interface DivergenceEntry {
  /** Of the journal, where the evidence is. */
  readonly seq: number;
  readonly at: number;
  readonly agent: string;
  readonly document: "hello" | "receipt";
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly theirs: string;
  readonly ours: string | null;
}

/** Which answers to look for; undefined is any. */
export interface AnswerQuery {
  readonly after: number;
  readonly limit: number;
  readonly agent: string | undefined;
  /** Of these alone. */
  readonly agents?: readonly string[] | undefined;
  readonly feed: string | undefined;
  readonly epoch: string | undefined;
  /** Receipts that stand at least here. */
  readonly offset: number | undefined;
  /** Receipts that stand at most here. */
  readonly through?: number | undefined;
}

/** Finds what agents answered. */
export class Receipts {
  readonly #database: Database;
  readonly #prepared = new Map<string, Statement<unknown>>();
  readonly #newest: Statement<LatestReceipt>;
  readonly #policy: Statement<number | null>;
  readonly #stands: Statement<Stand>;
  readonly #standsBetween: Statement<Stand & { readonly agent: string }>;

  constructor(database: Database) {
    this.#database = database;
    this.#policy = database
      .prepare<[string], number | null>(
        "SELECT policy FROM policies_told WHERE agent = ?",
      )
      .pluck();
    this.#stands = database.prepare(`${STANDS} WHERE agent = ? ORDER BY seq`);
    this.#standsBetween = database.prepare(
      `${STANDS} WHERE agent > ? AND agent <= ? ORDER BY agent, seq`,
    );
    this.#newest = database.prepare(
      `SELECT last AS offset, mode, receipt ->> '$.ext.policy' AS policy
       FROM receipts
       WHERE agent = ? AND feed = ? AND epoch = ?
       ORDER BY last DESC, seq DESC LIMIT 1`,
    );
  }

  receipts(query: AnswerQuery): readonly ReceiptEntry[] {
    const from = receiptsFor(query);
    const select = this.#select<ReceiptRow>(from, RECEIPT_FILTERS, query);
    return select.all(boundOf(query)).map(entryOf);
  }

  /** The newest that are asked for, in the order they came. */
  newestReceipts(query: AnswerQuery): readonly ReceiptEntry[] {
    const where = this.#where(RECEIPT_FILTERS, query);
    const text = `${RECEIPTS} WHERE ${where} ORDER BY seq DESC LIMIT @limit`;
    return this.#prepare<ReceiptRow>(text)
      .all(boundOf(query))
      .map(entryOf)
      .reverse();
  }

  /** How many receipts are asked for, whatever the limit. */
  count(query: AnswerQuery): number {
    const where = this.#where(RECEIPT_FILTERS, query);
    const text = `SELECT count(*) AS total FROM receipts WHERE ${where}`;
    return (
      this.#prepare<{ total: number }>(text).get(boundOf(query))?.total ?? 0
    );
  }

  refusals(query: AnswerQuery): readonly RefusalEntry[] {
    return this.#select<RefusalEntry>(REFUSALS, WHOSE, query).all(
      boundOf(query),
    );
  }

  divergences(query: AnswerQuery): readonly DivergenceEntry[] {
    return this.#select<DivergenceEntry>(DIVERGENCES, WHOSE, query).all(
      boundOf(query),
    );
  }

  /** Version of the policy that a host last said it goes by; null for none. */
  policyOf(agent: string): number | null {
    return this.#policy.get(agent) ?? null;
  }

  /** Where an agent's receipts of its feeds end; what it said last comes last. */
  stands(agent: string): readonly Stand[] {
    return this.#stands.all(agent);
  }

  /** The same of the agents behind one id, up to another, by agent. */
  standsBetween(
    after: string,
    through: string,
  ): ReadonlyMap<string, readonly Stand[]> {
    const found = new Map<string, Stand[]>();
    for (const { agent, ...stand } of this.#standsBetween.all(after, through)) {
      const known = found.get(agent);
      if (known === undefined) found.set(agent, [stand]);
      else known.push(stand);
    }
    return found;
  }

  /** How far the agent's receipts of an epoch go. */
  newest(
    agent: string,
    feed: FeedName,
    epoch: string,
  ): LatestReceipt | undefined {
    return this.#newest.get(agent, feed, epoch);
  }

  #select<Row>(
    from: string,
    filters: Filters,
    query: AnswerQuery,
  ): Statement<Row> {
    const where = this.#where(filters, query);
    return this.#prepare(`${from} WHERE ${where} ORDER BY seq LIMIT @limit`);
  }

  /** Only what is asked for stands in the statement, so that indexes serve it. */
  #where(filters: Filters, query: AnswerQuery): string {
    const asked = Object.entries(filters).flatMap(([name, filter]) =>
      query[name as keyof AnswerQuery] === undefined ? [] : [filter],
    );
    return ["seq > @after", ...asked].join(" AND ");
  }

  #prepare<Row>(text: string): Statement<Row> {
    const known = this.#prepared.get(text) ?? this.#database.prepare(text);
    this.#prepared.set(text, known);
    return known as Statement<Row>;
  }
}

type Filters = Partial<Record<keyof AnswerQuery, string>>;

const WHOSE: Filters = {
  agent: "agent = @agent",
  agents: "agent IN (SELECT value FROM json_each(@agents))",
  feed: "feed = @feed",
};

const boundOf = (query: AnswerQuery) => ({
  ...query,
  agents: JSON.stringify(query.agents ?? []),
});

const RECEIPT_FILTERS: Filters = {
  ...WHOSE,
  epoch: "epoch = @epoch",
  offset: "last >= @offset",
  through: "last <= @through",
};

const entryOf = ({ seq, at, receipt }: ReceiptRow): ReceiptEntry => ({
  seq,
  at,
  receipt: keptReceipt(receipt),
});

/** What the newest receipt says. */
export interface LatestReceipt extends Pick<Receipt, "mode"> {
  readonly offset: number;
  /** Version of the policy that the host goes by; null for none. */
  readonly policy: number | null;
}

/** Where an agent's receipts of a feed end. */
export interface Stand extends Pick<Receipt, "mode"> {
  readonly feed: FeedName;
  readonly epoch: string;
  /** The number of the last op that it answered for. */
  readonly last: number;
}

const STANDS = "SELECT agent, feed, epoch, last, mode FROM stands";

interface ReceiptRow {
  readonly seq: number;
  readonly at: number;
  readonly receipt: string;
}

const RECEIPTS = "SELECT seq, at, receipt FROM receipts";

const REFUSALS = "SELECT seq, at, agent, feed, code, detail FROM refusals";

const DIVERGENCES = `SELECT seq, at, agent, document, feed, epoch,
  last AS offset, theirs, ours FROM divergences`;

/** Behind a place stand few receipts, which SQLite does not know by itself. */
function receiptsFor({ feed, epoch, offset }: AnswerQuery): string {
  const placed = [feed, epoch, offset].every((each) => each !== undefined);
  return placed ? `${RECEIPTS} INDEXED BY receipts_by_place` : RECEIPTS;
}
