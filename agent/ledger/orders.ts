import type { Database, Statement } from "./database.js";

/** What somebody at this host has ordered of the agent. */
export interface Order {
  /** Unix seconds. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

/** The newest orders, for whoever asks who did it. */
export class Orders {
  readonly #add: Statement<never>;
  readonly #trim: Statement<never>;
  readonly #newest: Statement<Order>;

  constructor(db: Database) {
    this.#add = db.prepare("INSERT INTO orders VALUES (NULL, ?, ?, ?)");
    this.#trim = db.prepare("DELETE FROM orders WHERE id <= ?");
    this.#newest = db.prepare(
      "SELECT at, who, what FROM orders ORDER BY id DESC LIMIT ?",
    );
  }

  add({ at, who, what }: Order): void {
    const { lastInsertRowid } = this.#add.run(at, who, what);
    this.#trim.run(Number(lastInsertRowid) - MOST_ORDERS);
  }

  newest(limit: number): readonly Order[] {
    return this.#newest.all(limit);
  }
}

const MOST_ORDERS = 10_000;
