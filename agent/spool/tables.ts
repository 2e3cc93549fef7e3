import type { Database, Statement } from "../sqlite/database.js";
import { NEVER_DROPPED } from "./eviction.js";

/** One spooled item as its row has it. */
export interface Row {
  readonly number: number;
  readonly worth: number;
  readonly urgent: number;
  readonly bytes: number;
  /** The item's JSON. */
  readonly item: string;
}

/** The numbers that the spool keeps about itself, from 0 on. */
export type CounterName = "sent" | "acked" | "dropped";

/** The spool's statements: each method is one of them. */
export class Tables {
  readonly #insert: Statement<never>;
  readonly #place: Statement<never>;
  readonly #fromOldest: Statement<Row>;
  readonly #cheapest: Statement<Pick<Row, "number" | "bytes">>;
  readonly #unsentDrops: Statement<Pick<Row, "number" | "bytes" | "item">>;
  readonly #remove: Statement<never>;
  readonly #removeThrough: Statement<never>;
  readonly #size: Statement<Size>;
  readonly #lastNumber: Statement<number>;
  readonly #firstUrgent: Statement<number>;
  readonly #get: Statement<string>;
  readonly #set: Statement<never>;

  constructor(db: Database) {
    const row = "(worth, urgent, bytes, item)";
    this.#insert = db.prepare(`INSERT INTO items ${row} VALUES (?, ?, ?, ?)`);
    this.#place = db.prepare(
      "INSERT INTO items (number, worth, urgent, bytes, item) VALUES (?, ?, ?, ?, ?)",
    );
    this.#fromOldest = db.prepare(
      `SELECT * FROM items
       WHERE number > ? AND (? OR item ->> 'kind' != 'statement')
       ORDER BY number LIMIT ?`,
    );
    this.#cheapest = db.prepare(
      `SELECT number, bytes FROM items
       WHERE worth < ${NEVER_DROPPED} AND number > ?
       ORDER BY worth, number LIMIT ?`,
    );
    this.#unsentDrops = db.prepare(
      `SELECT number, bytes, item FROM items
       WHERE worth = ${NEVER_DROPPED} AND number > ?`,
    );
    this.#remove = db.prepare("DELETE FROM items WHERE number = ?");
    this.#removeThrough = db.prepare("DELETE FROM items WHERE number <= ?");
    this.#size = db.prepare(
      "SELECT count(*) AS items, ifnull(sum(bytes), 0) AS bytes FROM items",
    );
    this.#lastNumber = db
      .prepare<number>("SELECT seq FROM sqlite_sequence WHERE name = 'items'")
      .pluck();
    this.#firstUrgent = db
      .prepare<number>(
        `SELECT number FROM items
         WHERE urgent = 1 AND (? OR item ->> 'kind' != 'statement')
         ORDER BY number LIMIT 1`,
      )
      .pluck();
    this.#get = db
      .prepare<string>("SELECT value FROM meta WHERE key = ?")
      .pluck();
    this.#set = db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
  }

  insert({ worth, urgent, bytes, item }: Omit<Row, "number">): void {
    this.#insert.run(worth, urgent, bytes, item);
  }

  /** Puts an item where one was that is gone. */
  place({ number, worth, urgent, bytes, item }: Row): void {
    this.#place.run(number, worth, urgent, bytes, item);
  }

  /** The oldest beyond a number. */
  fromOldest(
    beyond: number,
    limit: number,
    statements: boolean,
  ): readonly Row[] {
    return this.#fromOldest.all(beyond, Number(statements), limit);
  }

  /** What to let go of first, among those beyond a number. */
  cheapest(
    beyond: number,
    limit: number,
  ): readonly Pick<Row, "number" | "bytes">[] {
    return this.#cheapest.all(beyond, limit);
  }

  dropsBeyond(
    number: number,
  ): readonly Pick<Row, "number" | "bytes" | "item">[] {
    return this.#unsentDrops.all(number);
  }

  remove(number: number): void {
    this.#remove.run(number);
  }

  removeThrough(number: number): void {
    this.#removeThrough.run(number);
  }

  size(): Size {
    return this.#size.get() ?? { items: 0, bytes: 0 };
  }

  /** The highest number ever given; 0 while none was. */
  lastNumber(): number {
    return this.#lastNumber.get() ?? 0;
  }

  hasUrgent(statements: boolean): boolean {
    return this.#firstUrgent.get(Number(statements)) !== undefined;
  }

  counter(name: CounterName): number {
    return Number(this.#get.get(name) ?? 0);
  }

  setCounter(name: CounterName, value: number): void {
    this.#set.run(name, String(value));
  }

  text(key: string): string | undefined {
    return this.#get.get(key);
  }

  setText(key: string, value: string): void {
    this.#set.run(key, value);
  }
}

export interface Size {
  readonly items: number;
  readonly bytes: number;
}
