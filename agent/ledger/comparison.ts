import type { Cidr } from "../model/cidr.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";
import { cidrOfRow, END, START, type RangeRow } from "./rows.js";

/**
 * Finds the ranges that the kernel must hear of when a feed goes over from one
 * copy to another: those in force in either and not alike in both.
 */
export class Comparison {
  readonly #boundary: Statement<RangeRow>;
  readonly #onlyHere: Statement<RangeRow>;
  readonly #different: Cidr[] = [];
  /** What is left to walk through; the first of them from `#after` on. */
  readonly #walks: Walk[];
  #after = START;

  constructor(db: Database, before: number | undefined, after: number) {
    this.#boundary = db.prepare(
      `SELECT addr, prefix FROM bans
       WHERE copy = ? AND (addr, prefix) > (?, ?)
       ORDER BY addr, prefix LIMIT 1 OFFSET ?`,
    );
    this.#onlyHere = db.prepare(
      `SELECT addr, prefix FROM bans AS here
       WHERE copy = ? AND (addr, prefix) > (?, ?) AND (addr, prefix) <= (?, ?)
         AND held IS NULL AND expires_at > ?
         AND NOT EXISTS (
           SELECT 1 FROM bans AS there
           WHERE there.copy = ?
             AND there.addr = here.addr AND there.prefix = here.prefix
             AND there.held IS NULL AND there.expires_at = here.expires_at
             AND there.observed = here.observed
             AND there.trial IS here.trial)
       LIMIT ${MOST_REPLAYED + 1}`,
    );
    this.#walks =
      before === undefined
        ? [{ here: after, there: NOWHERE }]
        : [
            { here: after, there: before },
            { here: before, there: after },
          ];
  }

  /** Walks through `limit` bans more; returns whether there are any left. */
  step(limit: number, now: UnixSeconds): boolean {
    const [walk] = this.#walks;
    if (walk === undefined || this.tooMany) return false;
    const { here, there } = walk;
    const from = this.#after;
    const to = this.#boundary.get(here, from.addr, from.prefix, limit - 1);
    const until = to ?? END;
    const between = [from.addr, from.prefix, until.addr, until.prefix];
    for (const row of this.#onlyHere.all(here, ...between, now, there)) {
      this.#different.push(cidrOfRow(row));
    }
    if (to === undefined) this.#walks.shift();
    this.#after = to ?? START;
    return this.#walks.length > 0 && !this.tooMany;
  }

  /** What differs; a range whose ban changed may stand in it twice. */
  get different(): readonly Cidr[] {
    return this.#different;
  }

  /** So much differs that the walk was ended: only a rebuild makes sense. */
  get tooMany(): boolean {
    return this.#different.length > MOST_REPLAYED;
  }
}

/** Rebuilding is quicker than replaying more differences than these. */
export const MOST_REPLAYED = 10_000;

interface Walk {
  readonly here: number;
  readonly there: number;
}

/** No copy has this id. */
const NOWHERE = 0;
