import {
  samePosition,
  type DatedPosition,
  type FeedName,
  type Position,
} from "../model/position.js";
import type { ReviewedBan } from "../model/reviewed.js";
import { PRUNED_AT_ONCE, type Changes } from "./changes.js";
import { Comparison } from "./comparison.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Feeds } from "./feeds.js";
import { Tally, type Outcomes, type Recorded } from "./outcomes.js";
import type { Reasons } from "./reasons.js";

/** What became of a snapshot, and how the kernel gets to know of it. */
export interface Adopted extends Recorded {
  readonly convergence: "replay" | "rebuild";
}

/** Another snapshot of the feed was begun, or this one was ended already. */
export class StagingEnded extends Error {
  override readonly name = "StagingEnded";

  constructor(readonly feed: FeedName) {
    super(`this snapshot of ${feed} is no longer being loaded`);
  }
}

/** The feed moved while its snapshot was loaded: the snapshot may be older. */
export class StagingOvertaken extends Error {
  override readonly name = "StagingOvertaken";

  constructor(readonly feed: FeedName) {
    super(`${feed} moved on while its snapshot was being loaded`);
  }
}

/**
 * A snapshot on its way in. It is loaded in slices beside the copy in force,
 * compared with it in slices, and takes its place in one small transaction.
 * A crash at any point leaves the copy in force, or the whole snapshot.
 */
export class Staging {
  readonly #tables: StagingTables;
  readonly #add: Statement<never>;
  readonly #copy: number;
  readonly #inForce: number | undefined;
  readonly #began: Position | undefined;
  readonly #tally: Tally;
  #comparison: Comparison | undefined;

  /** Use `Ledger.stage`. */
  constructor(
    readonly feed: FeedName,
    tables: StagingTables,
  ) {
    this.#tables = tables;
    // What goes on from the copy in force keeps its date.
    this.#add = tables.db.prepare(
      `INSERT OR IGNORE INTO bans VALUES (?, ?, ?, ?, ?, ?, ?, ifnull(
         (SELECT recorded_at FROM bans
          WHERE copy = ? AND addr = ? AND prefix = ? AND expires_at > ?), ?))`,
    );
    this.#inForce = tables.copies.current(feed);
    this.#began = tables.feeds.position(feed);
    this.#copy = tables.db.transaction(() => tables.copies.stage(feed));
    this.#tally = new Tally(feed);
  }

  /**
   * Loads some more, in one transaction: a few thousand keep the event loop
   * lively. A range that comes twice counts the first time.
   * @throws StagingEnded
   */
  add(bans: readonly ReviewedBan[], now: number): void {
    const { db, reasons } = this.#tables;
    const added = db.transaction(() => {
      this.#mustBeOn();
      const reasonId = reasons.interner();
      return bans.filter((ban) => {
        if (ban.expiresAt <= now) return false;
        return this.#insert(ban, reasonId(ban.reason), now);
      });
    });
    for (const ban of added) this.#tally.ban(ban);
    for (const ban of bans) this.#tally.expired += Number(ban.expiresAt <= now);
    this.#comparison = undefined;
  }

  /**
   * Compares some more with the copy in force, once everything is loaded.
   * Returns whether there is more to compare; `adopt` does what is left.
   */
  compare(now: number): boolean {
    const { db } = this.#tables;
    this.#comparison ??= new Comparison(db, this.#inForce, this.#copy);
    const comparison = this.#comparison;
    return db.read(() => comparison.step(COMPARED_AT_ONCE, now));
  }

  /**
   * Puts the snapshot in force at `position`, in one small transaction.
   * @throws StagingEnded, StagingOvertaken, OutOfOrder; nothing changed then
   */
  adopt(position: DatedPosition, now: number): Adopted {
    while (this.compare(now));
    const { db, feeds, changes, outcomes } = this.#tables;
    return db.transaction(() => {
      this.#mustBeOn();
      this.#mustFit(position);
      const recorded = this.#tally.at(changes.nextRevision());
      this.#replaceCopy();
      feeds.moveTo(position, now);
      outcomes.add("snapshot", position, recorded, now);
      const convergence = this.#markDifferences(recorded.revision);
      changes.prune(PRUNED_AT_ONCE);
      return { ...recorded, convergence };
    });
  }

  /** Gives it up; harmless when it has ended already. */
  discard(): void {
    const { db, copies } = this.#tables;
    db.transaction(() => {
      if (copies.isStaging(this.#copy)) copies.retire(this.#copy);
    });
  }

  #insert(ban: ReviewedBan, reason: number, now: number): boolean {
    const { cidr, expiresAt, held, observed } = ban;
    const range = [cidr.address, cidr.prefix];
    const { changes } = this.#add.run(
      ...[this.#copy, ...range, expiresAt, reason],
      ...[held ?? null, Number(observed)],
      ...[this.#inForce ?? null, ...range, now, now],
    );
    return changes > 0;
  }

  #mustBeOn(): void {
    if (this.#tables.copies.isStaging(this.#copy)) return;
    throw new StagingEnded(this.feed);
  }

  #mustFit(position: Position): void {
    const { feeds } = this.#tables;
    if (position.feed !== this.feed) {
      throw new TypeError(`${position.feed} is not at ${this.feed}`);
    }
    const current = feeds.position(this.feed);
    const unmoved =
      current === undefined || this.#began === undefined
        ? current === this.#began
        : samePosition(current, this.#began);
    if (!unmoved) throw new StagingOvertaken(this.feed);
    feeds.mustNotGoBack(position);
  }

  #replaceCopy(): void {
    const { copies } = this.#tables;
    const { banned, observed, heldTotal: held } = this.#tally;
    if (this.#inForce !== undefined) copies.retire(this.#inForce);
    copies.makeCurrent(this.#copy);
    const bans = banned + observed + held;
    copies.count(this.#copy, { bans, held, observed });
  }

  #markDifferences(revision: number): Adopted["convergence"] {
    const { changes } = this.#tables;
    if (this.#comparison === undefined || this.#comparison.tooMany) {
      changes.dropHistory();
      return "rebuild";
    }
    for (const cidr of this.#comparison.different) changes.mark(revision, cidr);
    return "replay";
  }
}

export interface StagingTables {
  readonly db: Database;
  readonly feeds: Feeds;
  readonly copies: Copies;
  readonly reasons: Reasons;
  readonly changes: Changes;
  readonly outcomes: Outcomes;
}

/** Two look-ups a ban: some milliseconds. */
const COMPARED_AT_ONCE = 10_000;
