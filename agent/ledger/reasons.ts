import type { Database, Statement } from "./database.js";

/**
 * Each reason stands once, however many bans give it. Those that no ban gives
 * any more are found by marking: between `startMarking` and the end of `sweep`,
 * whoever walks through the bans marks what they use.
 */
export class Reasons {
  readonly #find: Statement<number>;
  readonly #add: Statement<never>;
  readonly #newest: Statement<number>;
  readonly #after: Statement<number>;
  readonly #drop: Statement<never>;
  /** A bit a reason; younger ones than these are none of the sweep's business. */
  #used: Uint8Array | undefined;

  constructor(db: Database) {
    this.#find = db
      .prepare<number>("SELECT id FROM reasons WHERE text = ?")
      .pluck();
    this.#add = db.prepare("INSERT INTO reasons (text) VALUES (?)");
    this.#newest = db
      .prepare<number>("SELECT ifnull(max(id), 0) FROM reasons")
      .pluck();
    this.#after = db
      .prepare<number>(
        "SELECT id FROM reasons WHERE id > ? ORDER BY id LIMIT ?",
      )
      .pluck();
    this.#drop = db.prepare("DELETE FROM reasons WHERE id = ?");
  }

  /**
   * Turns reasons into ids for the length of one transaction: a rollback takes
   * new ids back, so that none may be remembered any longer.
   */
  interner(): (text: string) => number {
    const known = new Map<string, number>();
    return (text) => {
      let id = known.get(text);
      if (id === undefined) {
        id = this.#find.get(text) ?? this.#insert(text);
        if (known.size < MOST_REMEMBERED) known.set(text, id);
        this.mark(id);
      }
      return id;
    };
  }

  startMarking(): void {
    this.#used = new Uint8Array(((this.#newest.get() ?? 0) >> 3) + 1);
  }

  mark(id: number): void {
    const byte = id >> 3;
    if (this.#used === undefined || byte >= this.#used.length) return;
    this.#used[byte] = (this.#used[byte] ?? 0) | (1 << (id & 7));
  }

  /** Drops the unmarked among the `limit` next ones; returns where it came to. */
  sweep(after: number, limit: number): number | undefined {
    const used = this.#used;
    if (used === undefined) return undefined;
    const ids = this.#after
      .all(after, limit)
      .filter((id) => id >> 3 < used.length);
    for (const id of ids) {
      if (((used[id >> 3] ?? 0) & (1 << (id & 7))) === 0) this.#drop.run(id);
    }
    if (ids.length === limit) return ids.at(-1);
    this.#used = undefined;
    return undefined;
  }

  #insert(text: string): number {
    return Number(this.#add.run(text).lastInsertRowid);
  }
}

/** Enough for a segment of one campaign; past it, the index is asked again. */
const MOST_REMEMBERED = 1000;
