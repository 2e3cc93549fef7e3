import type { FeedName } from "../model/position.js";
import type { Database, Statement } from "./database.js";

/** How many bans a feed has, those that ran out but are not purged included. */
export interface FeedCount {
  readonly feed: FeedName;
  readonly bans: number;
  /** Of these, the ones that a guard stopped. */
  readonly held: number;
  /** Of the others, those that are counted and reported, not dropped. */
  readonly observed: number;
}

/**
 * Copies of a feed's bans. At most one of a feed's is current; a snapshot is
 * loaded into a staging one, and what was current before is then retired.
 */
export class Copies {
  readonly #current: Statement<number>;
  readonly #allCurrent: Statement<CopyRow>;
  readonly #state: Statement<string>;
  readonly #retired: Statement<number>;
  readonly #staging: Statement<number>;
  readonly #make: Statement<never>;
  readonly #change: Statement<never>;
  readonly #retireStaging: Statement<never>;
  readonly #retireUnfinished: Statement<never>;
  /** Copies up to this one were there before this process. */
  readonly #newestInherited: number;
  readonly #count: Statement<never>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    this.#current = db
      .prepare<number>(
        "SELECT id FROM copies WHERE feed = ? AND state = 'current'",
      )
      .pluck();
    this.#allCurrent = db.prepare(
      `SELECT id, feed, bans, held, observed FROM copies
       WHERE state = 'current' ORDER BY feed`,
    );
    this.#state = db
      .prepare<string>("SELECT state FROM copies WHERE id = ?")
      .pluck();
    this.#retired = db
      .prepare<number>("SELECT min(id) FROM copies WHERE state = 'retired'")
      .pluck();
    this.#staging = db
      .prepare<number>("SELECT min(id) FROM copies WHERE state = 'staging'")
      .pluck();
    this.#make = db.prepare("INSERT INTO copies (feed, state) VALUES (?, ?)");
    this.#change = db.prepare("UPDATE copies SET state = ? WHERE id = ?");
    this.#retireStaging = db.prepare(
      "UPDATE copies SET state = 'retired' WHERE state = 'staging' AND feed = ?",
    );
    this.#retireUnfinished = db.prepare(
      "UPDATE copies SET state = 'retired' WHERE state = 'staging' AND id <= ?",
    );
    this.#count = db.prepare(
      `UPDATE copies
       SET bans = bans + ?, held = held + ?, observed = observed + ?
       WHERE id = ?`,
    );
    this.#forget = db.prepare("DELETE FROM copies WHERE id = ?");
    const newest = "SELECT ifnull(max(id), 0) FROM copies";
    this.#newestInherited = db.read(
      () => db.prepare<number>(newest).pluck().get() ?? 0,
    );
  }

  current(feed: FeedName): number | undefined {
    return this.#current.get(feed);
  }

  /** The current copy of a feed; a new feed gets an empty one. */
  openCurrent(feed: FeedName): number {
    return this.current(feed) ?? this.#new(feed, "current");
  }

  /** Every current copy, by the name of its feed. */
  allCurrent(): readonly CopyRow[] {
    return this.#allCurrent.all();
  }

  /** A new copy to load a snapshot into, instead of any the feed had begun. */
  stage(feed: FeedName): number {
    this.#retireStaging.run(feed);
    return this.#new(feed, "staging");
  }

  isStaging(copy: number): boolean {
    return this.#state.get(copy) === "staging";
  }

  /** Whether a snapshot is on its way in. */
  anyStaging(): boolean {
    return typeof this.#staging.get() === "number";
  }

  /** Retires what a crash kept from being adopted: nobody will go on with it. */
  retireUnfinished(): void {
    this.#retireUnfinished.run(this.#newestInherited);
  }

  retire(copy: number): void {
    this.#change.run("retired", copy);
  }

  makeCurrent(copy: number): void {
    this.#change.run("current", copy);
  }

  retired(): number | undefined {
    return this.#retired.get() ?? undefined;
  }

  /** Takes note that a copy has so many bans more, or fewer. */
  count(copy: number, { bans, held, observed }: Growth): void {
    if (bans === 0 && held === 0 && observed === 0) return;
    this.#count.run(bans, held, observed, copy);
  }

  /** Forgets a copy that has no ban left. */
  forget(copy: number): void {
    this.#forget.run(copy);
  }

  #new(feed: FeedName, state: "staging" | "current"): number {
    return Number(this.#make.run(feed, state).lastInsertRowid);
  }
}

export interface CopyRow extends FeedCount {
  readonly id: number;
}

export type Growth = Omit<FeedCount, "feed">;
