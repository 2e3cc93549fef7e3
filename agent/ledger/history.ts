import type { Cidr } from "../model/cidr.js";
import type { Database, Statement } from "./database.js";
import type { Meta } from "./meta.js";
import { cidrOfRow, type RangeRow } from "./rows.js";

/** What brought a revision about. */
export type Cause = "segment" | "snapshot" | "review" | "rollback" | "undo";

/** Until when a range was to be dropped, and observed: Unix seconds, 0 for not. */
export interface InForce {
  readonly dropped: number;
  readonly observed: number;
}

/** What was in force on a range. */
export interface Past extends InForce {
  readonly cidr: Cidr;
}

/** A revision that may be taken back. */
export interface Revision {
  readonly revision: number;
  readonly cause: Cause;
  /** Unix seconds. */
  readonly at: number;
  /** Of a rollback: the revision that it went back to. */
  readonly target: number | null;
  /** How many ranges it changed. */
  readonly changed: number;
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
  readonly #newestId: Statement<number>;
  readonly #begin: Statement<never>;
  readonly #inForce: Statement<Longest>;
  readonly #keep: Statement<never>;
  readonly #first: Statement<number | null>;
  readonly #dropRevisions: Statement<never>;
  readonly #drop: Statement<never>;
  readonly #past: Statement<number | null>;
  readonly #longGone: Statement<number | null>;
  readonly #since: Statement<PastRow>;
  readonly #newest: Statement<Revision>;

  constructor(db: Database, meta: Meta) {
    this.#meta = meta;
    const one = (sql: string) => db.prepare<number | null>(sql).pluck();
    this.#newestId = db
      .prepare<number>("SELECT ifnull(max(id), 0) FROM history")
      .pluck();
    this.#begin = db.prepare("INSERT INTO revisions VALUES (?, ?, ?, ?, ?)");
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
    // The first of a range, and SQLite takes the others from the same row.
    this.#since = db.prepare(
      `SELECT addr, prefix, dropped_until AS dropped,
         observed_until AS observed, min(id)
       FROM history WHERE id >= ? GROUP BY addr, prefix`,
    );
    this.#newest = db.prepare(
      `SELECT revision, at, cause, target,
         lead(first, 1, (SELECT ifnull(max(id), 0) + 1 FROM history))
           OVER (ORDER BY revision) - first AS changed
       FROM revisions WHERE revision > ? ORDER BY revision DESC LIMIT ?`,
    );
  }

  /** Part of the transaction that makes the revision. */
  begin(revision: number, { at, cause, target }: Beginning): void {
    this.#begin.run(revision, at, cause, target ?? null, this.#end());
  }

  /** Call it before the range changes, in the revision begun last. */
  keep(cidr: Cidr, now: number): void {
    const { dropped, observed } = this.inForce(cidr, now);
    this.#keep.run(cidr.address, cidr.prefix, dropped, observed);
  }

  /** What is in force on exactly this range, by what was ordered. */
  inForce({ address, prefix }: Cidr, now: number): InForce {
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
   * What was in force at a revision on each range that has changed since; call it
   * before the revision that is to restore it is begun.
   */
  since(revision: number): readonly Past[] {
    const first = this.#first.get(revision) ?? this.#end();
    return this.#since.all(first).map(({ dropped, observed, ...row }) => ({
      cidr: cidrOfRow(row),
      ...{ dropped, observed },
    }));
  }

  /**
   * The revision before the newest order of a feed that changed anything and has
   * not been rolled back.
   */
  beforeLastChange(): number | undefined {
    let to = Infinity;
    for (const each of this.newest(MOST_REVISIONS)) {
      if (each.revision > to || each.changed === 0) continue;
      if (each.cause === "rollback") to = each.target ?? to;
      const isOrder = each.cause === "segment" || each.cause === "snapshot";
      if (isOrder) return each.revision - 1;
    }
    return undefined;
  }

  /** The newest revisions that can be taken back, newest first. */
  newest(limit: number): readonly Revision[] {
    return this.#newest.all(this.from, limit);
  }

  /** Forgets some of what can't be gone back to; part of another transaction. */
  prune(limit: number): void {
    const end = this.#end();
    const first = this.#first.get(this.from) ?? end;
    if (end - first > MOST_RANGES) this.#raise(this.#past.get(end - LEFT));
    this.#dropRevisions.run(this.from, limit);
    this.#drop.run(first, limit);
  }

  /** Keeps a day of it, and no more revisions than anybody looks through. */
  bound(now: number): void {
    this.#raise(this.#longGone.get(now - KEPT_S));
    this.#raise(this.#meta.get("revision") - MOST_REVISIONS);
  }

  #raise(from: number | null | undefined): void {
    if (from && from > this.from) this.beginAnew(from);
  }

  /** The number that the next range gets. */
  #end(): number {
    return (this.#newestId.get() ?? 0) + 1;
  }
}

interface Beginning extends Pick<Revision, "at" | "cause"> {
  readonly target: number | undefined;
}

interface Longest {
  readonly until: number;
  readonly observed: 0 | 1;
}

interface PastRow extends RangeRow, InForce {}

/** Some 10 MB on the disk. */
const MOST_RANGES = 200_000;

/** So many are left when there are too many, lest each change counts again. */
const LEFT = 150_000;

const MOST_REVISIONS = 10_000;

const KEPT_S = 86_400;
