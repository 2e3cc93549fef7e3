import type { Cidr } from "../model/cidr.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";
import type { Meta } from "./meta.js";
import {
  Revisions,
  type Beginning,
  type Described,
  type Order,
} from "./revisions.js";

/** Until when a range was to be dropped, and observed: Unix seconds, 0 for not. */
export interface InForce {
  readonly dropped: number;
  readonly observed: number;
}

/** What was in force on a range. */
export interface Past extends InForce {
  readonly cidr: Cidr;
}

/** The ledger does not know any more what was in force then. */
export class OutOfReach extends Error {
  override readonly name = "OutOfReach";

  constructor(wanted: number, from: number, to: number) {
    const kept =
      from < to
        ? `${from} to ${to - 1} are kept`
        : "none is kept: too much changed at once, or nothing did";
    super(`revision ${wanted} can't be gone back to; ${kept}`);
  }
}

/**
 * What was in force on each range before it was changed, a day back. Whoever
 * undoes it from the newest to the oldest is back at an earlier ruleset. A ban
 * on trial counts as it was ordered, and one that failed as none.
 */
export class History {
  readonly #meta: Meta;
  readonly #revisions: Revisions;
  readonly #newestId: Statement<number>;
  readonly #inForce: Statement<Longest>;
  readonly #keep: Statement<never>;
  readonly #first: Statement<number | null>;
  readonly #dropRevisions: Statement<never>;
  readonly #drop: Statement<never>;
  readonly #past: Statement<number | null>;
  readonly #longGone: Statement<number | null>;
  readonly #spans: Statement<SpanRow>;
  #isHeld = false;
  /** Where it ended when it was shortened last. */
  #shortened = -Infinity;

  constructor(db: Database, meta: Meta) {
    this.#meta = meta;
    this.#revisions = new Revisions(db);
    const one = (sql: string) => db.prepare<number | null>(sql).pluck();
    this.#newestId = db
      .prepare<number>("SELECT ifnull(max(id), 0) FROM history")
      .pluck();
    this.#inForce = db.prepare(
      `SELECT max(expires_at) AS until, observed FROM bans
       WHERE copy IN (SELECT id FROM copies WHERE state = 'current')
         AND addr = ? AND prefix = ? AND held IS NULL AND expires_at > ?
         AND (trial IS NULL OR EXISTS (SELECT 1 FROM trials
           WHERE trials.id = bans.trial AND state <> 'failed'))
       GROUP BY observed`,
    );
    this.#keep = db.prepare("INSERT INTO history VALUES (NULL, ?, ?, ?, ?)");
    this.#first = one(
      "SELECT first FROM revisions WHERE revision > ? ORDER BY revision LIMIT 1",
    );
    this.#dropRevisions = db.prepare(
      "DELETE FROM revisions WHERE revision <= ? ORDER BY revision LIMIT ?",
    );
    // The newest stays, so that no number is given twice.
    this.#drop = db.prepare(
      `DELETE FROM history WHERE id < min(?, (SELECT max(id) FROM history))
       ORDER BY id LIMIT ?`,
    );
    this.#past = one("SELECT max(revision) FROM revisions WHERE first <= ?");
    this.#longGone = one("SELECT max(revision) FROM revisions WHERE at <= ?");
    this.#spans = db.prepare(
      `SELECT first, lead(first, 1, (SELECT ifnull(max(id), 0) + 1 FROM history))
           OVER (ORDER BY revision) AS "end", feed IS 'local' AS own
       FROM revisions WHERE revision > ? ORDER BY revision`,
    );
  }

  /** Part of the transaction that makes the revision. */
  begin(revision: number, beginning: Beginning): void {
    this.#revisions.begin(revision, this.#end(), beginning);
  }

  /** What the revision came to; part of the same transaction. */
  describe(revision: number, described: Described): void {
    this.#revisions.describe(revision, described);
  }

  /** Call it before the range changes, in the revision begun last. */
  keep(cidr: Cidr, now: UnixSeconds): void {
    const { dropped, observed } = this.inForce(cidr, now);
    this.#keep.run(cidr.address, cidr.prefix, dropped, observed);
  }

  /** What is in force on exactly this range, by what was ordered. */
  inForce({ address, prefix }: Cidr, now: UnixSeconds): InForce {
    let [dropped, observed] = [0, 0];
    for (const longest of this.#inForce.all(address, prefix, now)) {
      if (longest.observed === 0) dropped = longest.until;
      else observed = longest.until;
    }
    return { dropped, observed };
  }

  /** Nothing before this revision can be gone back to any more. */
  beginAnew(revision: number): void {
    this.#meta.set("history_from", revision);
  }

  /** The earliest revision that can be gone back to. */
  get from(): number {
    return this.#meta.get("history_from");
  }

  /** @throws OutOfReach */
  mustReach(revision: number): void {
    const newest = this.#meta.get("revision");
    if (revision >= this.from && revision < newest) return;
    throw new OutOfReach(revision, this.from, newest);
  }

  /**
   * Which parts of the history come after a revision, oldest first; those of
   * this host's own feed are left out where they are to be spared.
   */
  spansSince(revision: number, spareOwn: boolean): readonly Span[] {
    const spans: Span[] = [];
    for (const { first, end, own } of this.#spans.all(revision)) {
      if (first === end || (spareOwn && own === 1)) continue;
      const last = spans.at(-1);
      if (last?.end === first) spans.pop();
      spans.push({ first: last?.end === first ? last.first : first, end });
    }
    return spans;
  }

  /**
   * The revision before the newest order of the cloud that changed anything and
   * has not been rolled back.
   */
  beforeLastOrder(): number | undefined {
    let to = Infinity;
    let isUndone = false;
    for (const order of this.orders(MOST_REVISIONS)) {
      if (order.cause === "undo") isUndone = true;
      if (order.id > to || order.changed === 0) continue;
      if (order.cause === "rollback" && !isUndone) to = order.target ?? to;
      const isTheirs = order.feed !== null && order.feed !== "local";
      if (isTheirs) return order.id - 1;
    }
    return undefined;
  }

  /** Orders that can be taken back, newest first. */
  orders(limit: number): readonly Order[] {
    return this.#revisions.orders(this.from, limit);
  }

  orderOf(revision: number): number | undefined {
    return this.#revisions.orderOf(revision);
  }

  orderAfter(revision: number): number | undefined {
    return this.#revisions.orderAfter(revision);
  }

  /** The revision that was the newest at a moment, in Unix seconds. */
  at(moment: number): number {
    return this.#revisions.at(moment) ?? this.from;
  }

  rolledBackTo(): number | undefined {
    return this.#revisions.rolledBackTo();
  }

  /** While somebody reads what was, nothing of it is forgotten. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Forgets some of what can't be gone back to; part of another transaction. */
  prune(limit: number): void {
    if (this.#isHeld) return;
    const end = this.#end();
    const first = this.#first.get(this.from) ?? end;
    const isLong = end - first > MOST_RANGES;
    if (isLong && end - this.#shortened >= MOST_RANGES - LEFT) {
      this.#shortened = end;
      this.#shorten(end - first, end);
    }
    this.#dropRevisions.run(this.from, limit);
    this.#drop.run(first, limit);
  }

  /** Keeps a day of it, and no more revisions than anybody looks through. */
  bound(now: UnixSeconds): void {
    if (this.#isHeld) return;
    this.#raise(this.#longGone.get(now - KEPT_S));
    this.#raise(this.#meta.get("revision") - MOST_REVISIONS);
  }

  /** The newest order of the cloud is kept as a whole, however large it is. */
  #shorten(kept: number, end: number): void {
    const to = this.#past.get(end - LEFT) ?? undefined;
    if (to === undefined || kept > MOST_OF_ONE) return this.#raise(to);
    const newest = this.beforeLastOrder();
    this.#raise(newest === undefined ? to : Math.min(to, newest));
  }

  #raise(from: number | null | undefined): void {
    if (from && from > this.from) this.beginAnew(from);
  }

  /** The number that the next range gets. */
  #end(): number {
    return (this.#newestId.get() ?? 0) + 1;
  }
}

/** Numbers of the history from `first` to before `end`. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

interface SpanRow extends Span {
  readonly own: 0 | 1;
}

interface Longest {
  readonly until: UnixSeconds;
  readonly observed: 0 | 1;
}

/** Some 10 MB on the disk. */
const MOST_RANGES = 200_000;

/** So many are left when there are too many, lest each change counts again. */
const LEFT = 150_000;

/** An import of a million, and a little: some 50 MB on the disk for a day. */
const MOST_OF_ONE = 1_100_000;

const MOST_REVISIONS = 10_000;

const KEPT_S = 86_400;
