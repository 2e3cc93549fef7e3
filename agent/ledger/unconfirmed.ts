import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Changes } from "./changes.js";
import { Growth, type Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Guard } from "./review.js";
import { cidrOfRow, START, type RangeRow } from "./rows.js";
import { HERE } from "./stored.js";
import { NOT_CONFIRMED, type Trials } from "./trials.js";

/** What came of letting bans into force that a trial took back. */
export interface Confirmed {
  readonly confirmed: number;
  /** Those that something else holds by now, by the rule. */
  readonly held: ReadonlyMap<string, number>;
}

/** Bans that a trial took back, found without looking at any other. */
export class Unconfirmed {
  readonly #db: Database;
  readonly #tables: UnconfirmedTables;
  readonly #next: Statement<UnconfirmedRow>;
  readonly #exact: Statement<UnconfirmedRow>;
  readonly #hold: Statement<never>;

  constructor(db: Database, tables: UnconfirmedTables) {
    this.#db = db;
    this.#tables = tables;
    this.#next = db.prepare(
      `SELECT copy, addr, prefix, expires_at AS expiresAt, held, observed
       FROM bans INDEXED BY unconfirmed_bans
       WHERE copy = ? AND held = '${NOT_CONFIRMED}' AND (addr, prefix) > (?, ?)
       ORDER BY addr, prefix LIMIT ?`,
    );
    this.#exact = db.prepare(
      `SELECT copy, addr, prefix, expires_at AS expiresAt, held, observed
       FROM bans WHERE copy = ? AND addr = ? AND prefix = ?
         AND held = '${NOT_CONFIRMED}'`,
    );
    this.#hold = db.prepare(`UPDATE bans SET held = ? ${HERE}`);
  }

  /** Whether a trial was decided that its bans do not know of yet. */
  mayBeMore(): boolean {
    return this.#db.read(() => this.#tables.trials.settled().length > 0);
  }

  /**
   * Begins to let them into force: all, or that on exactly this range. Those of
   * trials of which `mayBeMore` speaks become some by `Ledger.reviewAgain`.
   */
  confirm(guard: Guard, range: Cidr | undefined): Confirming {
    const confirmed = { confirmed: 0, held: new Map<string, number>() };
    let after: BanKey = { ...START, copy: 0 };
    const step = (limit: number, now: UnixSeconds): boolean =>
      this.#db.transaction(() => {
        const rows = range ? this.#on(range) : this.#slice(after, limit);
        this.#release(rows, { guard, now, confirmed });
        after = rows.at(-1) ?? after;
        return range === undefined && rows.length === limit;
      });
    return { confirmed, step };
  }

  #on({ address, prefix }: Cidr): readonly FeedRow[] {
    return this.#tables.copies
      .allCurrent()
      .flatMap(({ id, feed }) =>
        this.#exact.all(id, address, prefix).map((row) => ({ ...row, feed })),
      );
  }

  #slice(after: BanKey, limit: number): readonly FeedRow[] {
    const found: FeedRow[] = [];
    const copies = [...this.#tables.copies.allCurrent()];
    for (const { id, feed } of copies.sort((a, b) => a.id - b.id)) {
      if (id < after.copy) continue;
      const { addr, prefix } = id === after.copy ? after : START;
      const left = limit - found.length;
      for (const row of this.#next.all(id, addr, prefix, left)) {
        found.push({ ...row, feed });
      }
    }
    return found;
  }

  #release(rows: readonly FeedRow[], { guard, now, confirmed }: Release): void {
    const { changes, copies } = this.#tables;
    if (rows.length === 0) return;
    copies.retireStaging(); // what is loaded was judged by what was before
    let revision: number | undefined;
    for (const { feed, ...row } of rows) {
      const { copy, addr, prefix, expiresAt } = row;
      const cidr = cidrOfRow(row);
      const terms = { expiresAt, observed: row.observed === 1 };
      const ban = { feed, cidr, ...terms, held: undefined };
      const held = guard.holdingRule(ban, now) ?? null;
      if (held !== null) {
        confirmed.held.set(held, (confirmed.held.get(held) ?? 0) + 1);
      } else confirmed.confirmed++;
      if (held === null && expiresAt > now) {
        revision ??= changes.begin("review", now);
        changes.changing(revision, cidr, now);
      }
      this.#hold.run(held, copy, addr, prefix);
      const growth = new Growth();
      growth.replace(row, row, { ...row, held });
      copies.count(copy, growth);
    }
  }
}

/** A confirmation under way, and what came of it so far. */
export interface Confirming {
  readonly confirmed: Confirmed;
  /** One slice, one transaction; whether there is more. */
  readonly step: (limit: number, now: UnixSeconds) => boolean;
}

interface Release {
  readonly guard: Guard;
  readonly now: UnixSeconds;
  readonly confirmed: { confirmed: number; held: Map<string, number> };
}

interface BanKey extends RangeRow {
  readonly copy: number;
}

interface UnconfirmedRow extends BanKey {
  readonly expiresAt: UnixSeconds;
  readonly held: string | null;
  readonly observed: 0 | 1;
}

interface FeedRow extends UnconfirmedRow {
  readonly feed: FeedName;
}

interface UnconfirmedTables {
  readonly copies: Copies;
  readonly changes: Changes;
  readonly trials: Trials;
}
