import type { Cidr } from "../../model/cidr.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import type { Database, Statement } from "../database.js";
import type { InForce, Past, Span } from "../history.js";
import type { Meta } from "../meta.js";
import type { Reserve } from "../reserve.js";
import { cidrOfRow, START, type RangeRow } from "../rows.js";
import { ROLLED_BACK } from "../withheld.js";
import {
  MOST_AT_ONCE,
  type Fate,
  type Judged,
  type Rollback,
  type RollbackTables,
} from "./rollback.js";

/** What to go back to, and how long to stay there. */
export interface RollbackTerms extends Judged {
  readonly revision: number;
  /** Unix seconds: from then on feeds have their say again. */
  readonly until: UnixSeconds;
  /** Leaves alone what this host has banned by itself since. */
  readonly spareOwn?: boolean;
  /** Only looks what would come of it. */
  readonly dryRun?: boolean;
  /** Goes on with one that was left in the middle, by its own terms. */
  readonly resume?: boolean;
}

/** What came of a rollback, or of taking it back. */
export interface RolledBack {
  /** Of the ledger, from now on. */
  readonly revision: number;
  /** Ranges whose bans are withheld, or are no longer. */
  readonly withheld: number;
  /** Ranges that this host itself bans, or no longer does. */
  readonly putBack: number;
}

export interface Progress {
  readonly done: number;
  readonly of: number;
}

/** A large order, carried out in slices: each is one transaction of some 20 ms. */
export interface Run {
  readonly progress: Progress;
  readonly result: RolledBack;
  /** The first of the ranges that it is about, and what comes of each. */
  readonly fates: readonly (readonly [Cidr, Fate])[];
  /** How many come out in each way. */
  readonly counts: Readonly<Record<Fate, number>>;
  /** Whether there is more to do. */
  step(): boolean;
  /** Forgetting goes on; call it however the run ends. */
  [Symbol.dispose](): void;
}

/**
 * A rollback. First it puts down what was in force on each range that has changed
 * since; from then on it is carried on even over a restart. While it runs, feeds
 * go on: what they order meanwhile for these ranges is compared as well.
 */
export class GoingBack implements Run {
  readonly #tables: GoingBackTables;
  readonly #terms: RollbackTerms;
  readonly #sql: PastTable;
  #spans: Span[];
  #stage: "collect" | "change" | "clear" = "collect";
  #of = 0;
  #done = 0;
  /** The order that all slices belong to, and the revision of the latest. */
  #order: number | undefined;
  #revision = 0;
  #after: RangeRow = START;
  readonly fates: (readonly [Cidr, Fate])[] = [];
  readonly counts = {
    ...{ withheld: 0, "put-back": 0, replaced: 0, guarded: 0, same: 0 },
  };

  /** @throws OutOfReach; nothing has changed then */
  constructor(db: Database, tables: GoingBackTables, terms: RollbackTerms) {
    this.#tables = tables;
    this.#terms = terms;
    this.#sql = new PastTable(db);
    const { history } = tables;
    const { revision, spareOwn = false } = terms;
    if (terms.resume === true) {
      this.#spans = [];
      this.#of = this.#sql.count();
      this.#stage = "change";
      return;
    }
    history.mustReach(revision);
    this.#spans = [...history.spansSince(revision, spareOwn)];
    history.hold(true);
  }

  get progress(): Progress {
    return { done: this.#done, of: this.#of };
  }

  get result(): RolledBack {
    const { withheld, replaced } = this.counts;
    return {
      revision: this.#revision,
      withheld: withheld + replaced,
      putBack: this.counts["put-back"] + replaced,
    };
  }

  step(): boolean {
    return this.#tables.reserve.write("order", () => {
      switch (this.#stage) {
        case "collect":
          return this.#collect();
        case "change":
          return this.#terms.dryRun === true ? this.#look() : this.#change();
        case "clear":
          return this.#sql.clear(COLLECTED_AT_ONCE);
      }
    });
  }

  [Symbol.dispose](): void {
    this.#tables.history.hold(false);
  }

  /** Of several changes of a range, what was before the first one counts. */
  #collect(): true {
    const { meta } = this.#tables;
    const { revision, until, dryRun } = this.#terms;
    const [span] = this.#spans;
    if (this.#of === 0) {
      meta.set("rollback_target", -1); // one that was cut off is given up
      if (this.#sql.clear(COLLECTED_AT_ONCE)) return true;
    }
    if (span !== undefined) {
      const end = Math.min(span.end, span.first + COLLECTED_AT_ONCE);
      this.#of += this.#sql.collect(span.first, end);
      if (end < span.end) this.#spans[0] = { first: end, end: span.end };
      else this.#spans.shift();
      return true;
    }
    this.#stage = "change";
    if (dryRun !== true) {
      meta.set("rollback_target", revision);
      meta.set("rollback_until", until);
    }
    return true;
  }

  #look(): true {
    const rows = this.#sql.next(this.#after, CHANGED_AT_ONCE);
    const { rollback } = this.#tables;
    this.#tell(
      rows.map((was) => [was.cidr, rollback.fateOf(was, this.#terms)] as const),
    );
    const last = rows.at(-1)?.cidr;
    if (last === undefined) this.#stage = "clear";
    else this.#after = { addr: last.address, prefix: last.prefix };
    return true;
  }

  #change(): boolean {
    const { meta, copies, changes, rollback } = this.#tables;
    const { now, guardedBy } = this.#terms;
    const target = meta.get("rollback_target");
    const until = meta.get("rollback_until");
    const pasts = this.#sql.next(START, CHANGED_AT_ONCE);
    if (pasts.length > 0 || this.#order === undefined) {
      copies.retireStaging(); // what is loaded was judged by what was before
      this.#begin(target, now);
    }
    const slice = { target, revision: this.#revision, now, until, guardedBy };
    this.#tell(rollback.goBack(pasts, slice));
    this.#sql.remove(pasts.map(({ cidr }) => cidr));
    if (pasts.length === CHANGED_AT_ONCE) return true;
    meta.set("rollback_target", -1);
    const { withheld, putBack } = this.result;
    if (withheld + putBack > MOST_AT_ONCE) changes.dropHistory();
    return false;
  }

  /** Whoever wrote meanwhile has a later revision, and this slice one after it. */
  #begin(target: number, now: UnixSeconds): void {
    const { changes } = this.#tables;
    if (this.#order !== undefined && changes.revision() === this.#revision) {
      return;
    }
    const order = this.#order === undefined ? {} : { order: this.#order };
    this.#revision = changes.begin("rollback", now, { target, ...order });
    this.#order ??= this.#revision;
  }

  #tell(fates: readonly (readonly [Cidr, Fate])[]): void {
    this.#done += fates.length;
    for (const [cidr, fate] of fates) {
      this.counts[fate]++;
      if (fate === "same" || this.fates.length >= MOST_TOLD) continue;
      this.fates.push([cidr, fate]);
    }
  }
}

/** Takes back every rollback: feeds have their say again. */
export class Undoing implements Run {
  readonly #tables: GoingBackTables;
  readonly #now: UnixSeconds;
  readonly #of: number;
  #order: number | undefined;
  #revision = 0;
  #withheld = 0;
  #putBack = 0;
  readonly fates: (readonly [Cidr, Fate])[] = [];
  readonly counts = {
    ...{ withheld: 0, "put-back": 0, replaced: 0, guarded: 0, same: 0 },
  };

  constructor(tables: GoingBackTables, now: UnixSeconds) {
    this.#tables = tables;
    this.#now = now;
    this.#of = tables.withheld.count(ROLLED_BACK);
  }

  get progress(): Progress {
    return { done: this.#withheld, of: this.#of };
  }

  get result(): RolledBack {
    const counts = { withheld: this.#withheld, putBack: this.#putBack };
    return { revision: this.#revision, ...counts };
  }

  step(): boolean {
    const { changes, copies, withheld, rollback, reserve } = this.#tables;
    return reserve.write("order", () => {
      copies.retireStaging();
      this.#begin();
      const slice = { revision: this.#revision, now: this.#now };
      const ranges = withheld.of(ROLLED_BACK, CHANGED_AT_ONCE);
      for (const cidr of ranges) {
        if (this.fates.length < MOST_TOLD) this.fates.push([cidr, "same"]);
      }
      this.#withheld += rollback.release(ranges, slice);
      if (ranges.length === CHANGED_AT_ONCE) return true;
      const lifted = rollback.liftPutBack(CHANGED_AT_ONCE, slice);
      this.#putBack += lifted;
      if (lifted === CHANGED_AT_ONCE) return true;
      const all = this.#withheld + this.#putBack;
      if (all > MOST_AT_ONCE) changes.dropHistory();
      return false;
    });
  }

  [Symbol.dispose](): void {
    return;
  }

  #begin(): void {
    const { changes } = this.#tables;
    if (this.#order !== undefined && changes.revision() === this.#revision) {
      return;
    }
    const order = this.#order === undefined ? {} : { order: this.#order };
    this.#revision = changes.begin("undo", this.#now, order);
    this.#order ??= this.#revision;
  }
}

export interface GoingBackTables extends RollbackTables {
  readonly meta: Meta;
  readonly reserve: Reserve;
  readonly rollback: Rollback;
}

/** What was in force on each range, as far as it has not been looked at. */
class PastTable {
  readonly #collect: Statement<never>;
  readonly #next: Statement<PastRow>;
  readonly #remove: Statement<never>;
  readonly #clear: Statement<never>;
  readonly #count: Statement<number>;

  constructor(db: Database) {
    this.#collect = db.prepare(
      `INSERT OR IGNORE INTO past
       SELECT addr, prefix, dropped_until, observed_until FROM history
       WHERE id >= ? AND id < ? ORDER BY id`,
    );
    this.#next = db.prepare(
      `SELECT addr, prefix, dropped_until AS dropped, observed_until AS observed
       FROM past WHERE (addr, prefix) > (?, ?) ORDER BY addr, prefix LIMIT ?`,
    );
    this.#remove = db.prepare("DELETE FROM past WHERE addr = ? AND prefix = ?");
    this.#clear = db.prepare(
      `DELETE FROM past WHERE (addr, prefix) IN
         (SELECT addr, prefix FROM past LIMIT ?)`,
    );
    this.#count = db.prepare<number>("SELECT count(*) FROM past").pluck();
  }

  /** Returns how many ranges are new in it. */
  collect(first: number, end: number): number {
    return this.#collect.run(first, end).changes;
  }

  next({ addr, prefix }: RangeRow, limit: number): readonly Past[] {
    return this.#next
      .all(addr, prefix, limit)
      .map(({ dropped, observed, ...row }) => ({
        cidr: cidrOfRow(row),
        ...{ dropped, observed },
      }));
  }

  remove(ranges: readonly Cidr[]): void {
    for (const { address, prefix } of ranges) this.#remove.run(address, prefix);
  }

  /** Whether there may be more. */
  clear(limit: number): boolean {
    return this.#clear.run(limit).changes === limit;
  }

  count(): number {
    return this.#count.get() ?? 0;
  }
}

interface PastRow extends RangeRow, InForce {}

const COLLECTED_AT_ONCE = 5_000;

/** Each is looked up in every feed. */
const CHANGED_AT_ONCE = 250;

/** Ranges that an answer names one by one. */
const MOST_TOLD = 20;
