import type { Database, Statement } from "./database.js";
import type { RangeRow } from "./rows.js";
import type { StoredBan } from "./stored.js";

/** A row of the table `bans`. */
export interface BanRow extends RangeRow, StoredBan {
  readonly copy: number;
  /** Number of its reason. */
  readonly reason: number;
}

/** Writes bans into a copy, where one range has one row. */
export class BanRows {
  readonly #put: Statement<never>;

  /** @param taken what becomes of a range that has a row: it takes the new one, or keeps its own */
  constructor(db: Database, taken: "REPLACE" | "IGNORE") {
    this.#put = db.prepare(
      `INSERT OR ${taken} INTO bans
         (copy, addr, prefix, expires_at, reason, held, observed, recorded_at,
          trial, ring_at, by_sensor)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Whether the row was written. */
  put(row: BanRow): boolean {
    const { copy, addr, prefix, expiresAt, reason } = row;
    const { held, observed, recordedAt, trial, ringAt, bySensor } = row;
    const { changes } = this.#put.run(
      ...[copy, addr, prefix, expiresAt, reason],
      ...[held, observed, recordedAt, trial, ringAt, bySensor],
    );
    return changes > 0;
  }
}
