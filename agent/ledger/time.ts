import type { Kept } from "../expiry/belief.js";
import { FOREVER } from "../model/ban.js";
import type { FeedName } from "../model/position.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";

/** The time by which bans expire, as it outlives processes and boots. */
export interface KeptTime extends Kept {
  /**
   * How far ahead of the clock that kernel timeouts run on the time was when the
   * kernel was told all of them, in milliseconds; null before.
   */
  readonly told: number | null;
}

/** Bans that this host dated by a time that has turned out to be too early. */
export interface Redating {
  readonly feed: FeedName;
  /** Unix seconds: what had not run out by then is moved. */
  readonly runningAt: number;
  readonly seconds: number;
}

/** One row, and the expiries that depend on it. */
export class Time {
  readonly #copies: Copies;
  readonly #read: Statement<KeptTime>;
  readonly #write: Statement<never>;
  readonly #redate: Statement<never>;

  constructor(db: Database, copies: Copies) {
    this.#copies = copies;
    this.#read = db.prepare(
      `SELECT boot, state, "offset", anchor, time, sure, told FROM time`,
    );
    this.#write = db.prepare(
      "INSERT OR REPLACE INTO time VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#redate = db.prepare(
      `UPDATE bans SET expires_at = min(expires_at + :seconds, :forever)
       WHERE copy = :copy AND expires_at > :runningAt`,
    );
  }

  kept(): KeptTime | undefined {
    return this.#read.get();
  }

  keep({ boot, state, offset, anchor, time, sure, told }: KeptTime): void {
    this.#write.run(boot, state, offset, anchor, time, sure, told);
  }

  redate({ feed, ...by }: Redating): void {
    for (const copy of this.#copies.allCurrent()) {
      if (copy.feed !== feed) continue;
      this.#redate.run({ ...by, copy: copy.id, forever: FOREVER });
    }
  }
}
