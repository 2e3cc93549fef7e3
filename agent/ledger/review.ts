import type { Cidr } from "../model/cidr.js";
import type { Changes } from "./changes.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Meta } from "./meta.js";
import { cidrOfRow, START, type RangeRow } from "./rows.js";

/** What bans are shown to. */
export interface Guard {
  /** Another number whenever it might judge otherwise; never 0. */
  readonly digest: number;
  /** The rule that holds a ban on this range, if one does. */
  holdingRule(cidr: Cidr): string | undefined;
}

/**
 * Shows every recorded ban to a guard that judges otherwise than the one that
 * saw it last: bans are held or released, and the kernel gets to know. While a
 * snapshot is on its way in this waits, as it is compared with what is in force.
 */
export class Review {
  readonly #db: Database;
  readonly #tables: ReviewTables;
  readonly #next: Statement<ReviewRow>;
  readonly #hold: Statement<never>;
  /** Where the round stands; there is none between two rounds. */
  #round: Round | undefined;

  constructor(db: Database, tables: ReviewTables) {
    this.#db = db;
    this.#tables = tables;
    this.#next = db.prepare(
      `SELECT copy, addr, prefix, expires_at, held, observed FROM bans
       WHERE copy = ? AND (addr, prefix) > (?, ?)
       ORDER BY addr, prefix LIMIT ?`,
    );
    this.#hold = db.prepare(
      "UPDATE bans SET held = ? WHERE copy = ? AND addr = ? AND prefix = ?",
    );
  }

  /** One slice, one transaction; returns whether the round goes on at once. */
  step(guard: Guard, limit: number, now: number): boolean {
    const { meta, copies } = this.#tables;
    const { digest } = guard;
    if (this.#db.read(() => meta.get("guard")) === digest) return false;
    const round = this.#round?.digest === digest ? this.#round : undefined;
    const after = round?.after ?? { ...START, copy: 0 };
    const last = this.#db.transaction(() => {
      copies.retireUnfinished();
      if (copies.anyStaging()) return "later";
      const rows = this.#slice(after, limit);
      this.#judge(rows, guard, now);
      if (rows.length === limit) return rows.at(-1);
      meta.set("guard", digest);
      return undefined;
    });
    if (last === "later") return false;
    this.#round = last && { digest, after: last };
    return last !== undefined;
  }

  /** The next bans of the copies in force, copy by copy. */
  #slice(after: BanKey, limit: number): readonly ReviewRow[] {
    const rows: ReviewRow[] = [];
    const copies = this.#tables.copies.allCurrent().map(({ id }) => id);
    for (const id of copies.sort((a, b) => a - b)) {
      if (id < after.copy) continue;
      const { addr, prefix } = id === after.copy ? after : START;
      rows.push(...this.#next.all(id, addr, prefix, limit - rows.length));
    }
    return rows;
  }

  #judge(rows: readonly ReviewRow[], guard: Guard, now: number): void {
    const { copies, changes } = this.#tables;
    let revision: number | undefined;
    for (const row of rows) {
      const { copy, addr, prefix, expires_at, held: before } = row;
      const cidr = cidrOfRow({ addr, prefix });
      const held = guard.holdingRule(cidr) ?? null;
      if (held === before) continue;
      this.#hold.run(held, copy, addr, prefix);
      const growth = Number(held !== null) - Number(before !== null);
      const observed = -growth * row.observed;
      copies.count(copy, { bans: 0, held: growth, observed });
      if (growth === 0 || expires_at <= now) continue;
      revision ??= changes.nextRevision();
      changes.mark(revision, cidr);
    }
  }
}

interface Round {
  readonly digest: number;
  readonly after: BanKey;
}

interface BanKey extends RangeRow {
  readonly copy: number;
}

interface ReviewRow extends BanKey {
  readonly expires_at: number;
  readonly held: string | null;
  readonly observed: 0 | 1;
}

interface ReviewTables {
  readonly meta: Meta;
  readonly copies: Copies;
  readonly changes: Changes;
}
