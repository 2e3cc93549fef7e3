import type { UnixSeconds } from "../runtime/clock.js";
import type { Changes } from "./changes.js";
import { Growth, type Copies, type Counted } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Unkept } from "./held.js";
import type { Reasons } from "./reasons.js";
import { END, START, type RangeRow } from "./rows.js";

/**
 * Takes out what counts no more, a slice at a time: retired copies, then bans
 * that ran out, then reasons that nobody gives. The walk goes through every ban
 * rather than along an index of expiries, which each ban would have to pay for.
 */
export class Purge {
  readonly #db: Database;
  readonly #tables: PurgeTables;
  readonly #cut: Statement<never>;
  readonly #boundary: Statement<BanKey>;
  readonly #expire: Statement<Expired>;
  readonly #reasonsUsed: Statement<number>;
  /** Where the round stands; there is none between two rounds. */
  #stage: Stage | undefined;

  constructor(db: Database, tables: PurgeTables) {
    this.#db = db;
    this.#tables = tables;
    this.#cut = db.prepare("DELETE FROM bans WHERE copy = ? LIMIT ?");
    this.#boundary = db.prepare(
      `SELECT copy, addr, prefix FROM bans
       WHERE (copy, addr, prefix) > (?, ?, ?)
       ORDER BY copy, addr, prefix LIMIT 1 OFFSET ?`,
    );
    const between = `(copy, addr, prefix) > (?, ?, ?)
      AND (copy, addr, prefix) <= (?, ?, ?)`;
    this.#expire = db.prepare(
      `DELETE FROM bans WHERE ${between} AND (expires_at <= :now
         OR (held IS NOT NULL AND expires_at > :now + :life
           AND recorded_at <= :now - :life))
       RETURNING copy, addr, prefix, held, observed`,
    );
    this.#reasonsUsed = db
      .prepare<number>(`SELECT DISTINCT reason FROM bans WHERE ${between}`)
      .pluck();
  }

  /**
   * One slice, one transaction; returns whether the round goes on. What is held
   * and lives longer than `life` seconds is remembered for so long.
   */
  step(limit: number, now: UnixSeconds, life: number): boolean {
    const stage = this.#stage ?? FIRST;
    this.#stage = this.#db.transaction(() => {
      switch (stage.at) {
        case "retired copies":
          return this.#cutRetired(limit, { now, life });
        case "expired bans":
          return this.#walkOn(stage.after, limit, { now, life });
        case "unused reasons":
          return this.#sweepOn(stage.after, limit);
      }
    });
    return this.#stage !== undefined;
  }

  #cutRetired(limit: number, { now, life }: Age): Stage {
    const { copies, changes, reasons, unkept } = this.#tables;
    // Not on opening, so that a ledger also opens on a full disk.
    copies.retireUnfinished();
    const copy = copies.retired();
    if (copy !== undefined) {
      if (this.#cut.run(copy, limit).changes < limit) copies.forget(copy);
      return FIRST;
    }
    unkept.end(now - life);
    changes.bound(now);
    changes.prune(limit);
    reasons.startMarking();
    return { at: "expired bans", after: { ...START, copy: 0 } };
  }

  #walkOn(after: BanKey, limit: number, age: Age): Stage {
    const { copies, reasons } = this.#tables;
    const from = [after.copy, after.addr, after.prefix];
    const to = this.#boundary.get(...from, limit - 1);
    const until = to ?? { ...END, copy: Number.MAX_SAFE_INTEGER };
    const between = [...from, until.copy, until.addr, until.prefix];
    const gone = new Map<number, Growth>();
    for (const ban of this.#expire.all(...between, age)) {
      const growth = gone.get(ban.copy) ?? new Growth();
      gone.set(ban.copy, growth);
      growth.remove(ban);
    }
    for (const [copy, growth] of gone) copies.count(copy, growth);
    for (const id of this.#reasonsUsed.all(...between)) reasons.mark(id);
    return to === undefined
      ? { at: "unused reasons", after: 0 }
      : { at: "expired bans", after: to };
  }

  #sweepOn(after: number, limit: number): Stage | undefined {
    const next = this.#tables.reasons.sweep(after, limit);
    return next === undefined
      ? undefined
      : { at: "unused reasons", after: next };
  }
}

type Stage =
  | { readonly at: "retired copies" }
  | { readonly at: "expired bans"; readonly after: BanKey }
  | { readonly at: "unused reasons"; readonly after: number };

const FIRST: Stage = { at: "retired copies" };

interface Age {
  readonly now: UnixSeconds;
  /** Seconds. */
  readonly life: number;
}

interface BanKey extends RangeRow {
  readonly copy: number;
}

interface Expired extends Counted {
  readonly copy: number;
}

interface PurgeTables {
  readonly copies: Copies;
  readonly changes: Changes;
  readonly reasons: Reasons;
  readonly unkept: Unkept;
}
