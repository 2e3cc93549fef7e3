import type { FeedName } from "../model/position.js";
import type { Database, Statement } from "./database.js";

/**
 * Each reason stands once, however many bans give it. What a feed's reasons take
 * up is bounded: beyond it bans get none. Those that no ban gives
 * any more are found by marking: between `startMarking` and the end of `sweep`,
 * whoever walks through the bans marks what they use.
 */
export class Reasons {
  readonly #find: Statement<number>;
  readonly #add: Statement<never>;
  readonly #newest: Statement<number>;
  readonly #after: Statement<number>;
  readonly #drop: Statement<Dropped>;
  readonly #bytes: Statement<number>;
  readonly #count: Statement<never>;
  /** A bit a reason; younger ones than these are none of the sweep's business. */
  #used: Uint8Array | undefined;

  constructor(db: Database) {
    this.#find = db
      .prepare<number>("SELECT id FROM reasons WHERE text = ?")
      .pluck();
    this.#add = db.prepare("INSERT INTO reasons (text, feed) VALUES (?, ?)");
    this.#newest = db
      .prepare<number>("SELECT ifnull(max(id), 0) FROM reasons")
      .pluck();
    this.#after = db
      .prepare<number>(
        "SELECT id FROM reasons WHERE id > ? ORDER BY id LIMIT ?",
      )
      .pluck();
    this.#drop = db.prepare(
      "DELETE FROM reasons WHERE id = ? RETURNING text, feed",
    );
    this.#bytes = db
      .prepare<number>("SELECT bytes FROM reason_bytes WHERE feed = ?")
      .pluck();
    this.#count = db.prepare(
      `INSERT INTO reason_bytes VALUES (:feed, max(0, :bytes))
       ON CONFLICT DO UPDATE SET bytes = max(0, bytes + :bytes)`,
    );
  }

  /**
   * Turns reasons into ids for the length of one transaction: a rollback takes
   * new ids back, so that none may be remembered any longer.
   */
  interner(feed: FeedName): (text: string) => number {
    const known = new Map<string, number>();
    return (text) => {
      let id = known.get(text);
      if (id === undefined) {
        id = this.#find.get(text) ?? this.#insert(text, feed);
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
      if (((used[id >> 3] ?? 0) & (1 << (id & 7))) === 0) this.#forget(id);
    }
    if (ids.length === limit) return ids.at(-1);
    this.#used = undefined;
    return undefined;
  }

  #insert(text: string, feed: FeedName): number {
    const bytes = bytesOf(text);
    if ((this.#bytes.get(feed) ?? 0) + bytes > MOST_BYTES) {
      return this.#find.get(NOT_KEPT) ?? this.#put(NOT_KEPT, "");
    }
    this.#count.run({ feed, bytes });
    return this.#put(text, feed);
  }

  #put(text: string, feed: FeedName | ""): number {
    return Number(this.#add.run(text, feed).lastInsertRowid);
  }

  #forget(id: number): void {
    for (const { text, feed } of this.#drop.all(id)) {
      if (feed !== "") this.#count.run({ feed, bytes: -bytesOf(text) });
    }
  }
}

interface Dropped {
  readonly text: string;
  /** Whose room it took; empty for nobody's. */
  readonly feed: FeedName | "";
}

const bytesOf = (text: string): number =>
  Buffer.byteLength(text) + AROUND_BYTES;

/** A row, and a place in the index. */
const AROUND_BYTES = 32;

/** Of one feed: 28,000 of the longest. The index doubles it on the disk. */
const MOST_BYTES = 8 * 1024 ** 2;

/** Stands for a reason for which there was no room. */
export const NOT_KEPT = "(this feed gives more reasons than are kept)";

/** Enough for a segment of one campaign; past it, the index is asked again. */
const MOST_REMEMBERED = 1000;
