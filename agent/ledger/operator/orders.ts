import type { Database, Statement } from "../database.js";

/** What somebody at this host has ordered of the agent. */
export interface Order {
  /** Unix seconds. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

/** The same, and what came of it. */
export interface KeptOrder extends Order {
  /** "done", or why not; null while it is carried out, and if that was cut off. */
  readonly outcome: string | null;
}

/** The newest orders, for whoever asks who did it. */
export class Orders {
  readonly #add: Statement<never>;
  readonly #trim: Statement<never>;
  readonly #newest: Statement<KeptOrder>;
  readonly #end: Statement<never>;

  constructor(db: Database) {
    this.#add = db.prepare(
      "INSERT INTO orders (at, who, what) VALUES (?, ?, ?)",
    );
    this.#end = db.prepare("UPDATE orders SET outcome = ? WHERE id = ?");
    this.#trim = db.prepare("DELETE FROM orders WHERE id <= ?");
    this.#newest = db.prepare(
      "SELECT at, who, what, outcome FROM orders ORDER BY id DESC LIMIT ?",
    );
  }

  /** Returns its number. */
  add({ at, who, what }: Order): number {
    const id = Number(this.#add.run(at, who, what).lastInsertRowid);
    this.#trim.run(id - MOST_ORDERS);
    return id;
  }

  /** Says what came of it. */
  end(id: number, outcome: string): void {
    this.#end.run(outcome, id);
  }

  newest(limit: number): readonly KeptOrder[] {
    return this.#newest.all(limit);
  }
}

const MOST_ORDERS = 10_000;
