import {
  samePosition,
  type DatedPosition,
  type FeedName,
  type Position,
} from "../model/position.js";
import type { Recorded } from "../model/recorded.js";
import type { ReviewedBan } from "../model/reviewed.js";
import type { UnixSeconds } from "../runtime/clock.js";
import { BanRows } from "./ban-rows.js";
import { PRUNED_AT_ONCE, type Changes } from "./changes.js";
import { Comparison } from "./comparison.js";
import { Growth, type Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Feeds } from "./feeds.js";
import { HeldRoom, type Unkept } from "./held.js";
import { Tally, type Outcomes } from "./outcomes.js";
import type { Reasons } from "./reasons.js";
import type { Reserve } from "./reserve.js";
import { FIND, succeed, type Admission, type FoundBan } from "./stored.js";
import type { TrialTerms, Trials } from "./trials.js";

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
  readonly #terms: StagingTerms;
  readonly #rows: BanRows;
  readonly #find: Statement<FoundBan>;
  readonly #copy: number;
  readonly #inForce: number | undefined;
  readonly #began: Position | undefined;
  readonly #tally: Tally;
  readonly #growth = new Growth();
  readonly #room = new HeldRoom();
  /** What would be enforced from the adoption on, and is not yet. */
  #fresh = 0;
  #wide = false;
  #comparison: Comparison | undefined;

  /** Use `Ledger.stage`. */
  constructor(
    readonly feed: FeedName,
    tables: StagingTables,
    terms: StagingTerms = {},
  ) {
    this.#tables = tables;
    this.#terms = terms;
    this.#rows = new BanRows(tables.db, "IGNORE");
    this.#find = tables.db.prepare(FIND);
    this.#inForce = tables.copies.current(feed);
    this.#began = tables.feeds.position(feed);
    this.#copy = tables.reserve.write("import", () =>
      tables.copies.stage(feed),
    );
    this.#tally = new Tally();
  }

  /**
   * Loads some more, in one transaction: a few thousand keep the event loop
   * lively. A range that comes twice counts the first time.
   * @throws StagingEnded
   */
  add(bans: readonly ReviewedBan[], now: UnixSeconds): void {
    const { reserve, reasons } = this.#tables;
    const running = bans.filter(({ expiresAt }) => expiresAt > now);
    const bytes = sizeOf(running);
    const load = () => {
      this.#mustBeOn();
      const reasonId = reasons.interner(this.feed);
      for (const ban of running) this.#insert(ban, reasonId(ban.reason), now);
    };
    reserve.write("import", load, { bytes, once: true });
    this.#tally.expired += bans.length - running.length;
    this.#comparison = undefined;
  }

  /**
   * Compares some more with the copy in force, once everything is loaded.
   * Returns whether there is more to compare; `adopt` does what is left.
   */
  compare(now: UnixSeconds): boolean {
    const { db } = this.#tables;
    this.#comparison ??= new Comparison(db, this.#inForce, this.#copy);
    const comparison = this.#comparison;
    return db.read(() => comparison.step(COMPARED_AT_ONCE, now));
  }

  /**
   * Puts the snapshot in force at `position`, in one small transaction.
   * @throws StagingEnded, StagingOvertaken, OutOfOrder; nothing changed then
   */
  adopt(position: DatedPosition, now: UnixSeconds): Adopted {
    while (this.compare(now));
    const { reserve, feeds, changes, outcomes } = this.#tables;
    const replace = () => {
      this.#mustBeOn();
      this.#mustFit(position);
      const { issuedAt } = position;
      const source = { feed: this.feed, issuedAt, ops: 0 };
      const revision = changes.begin("snapshot", now, { source });
      const recorded = this.#tally.at(revision);
      changes.describe(revision, this.#tally.described);
      const convergence = this.#markDifferences(recorded.revision, now);
      this.#replaceCopy(now);
      feeds.moveTo(position, now);
      outcomes.add("snapshot", position, recorded, now);
      this.#decideOnTrial(recorded.revision, now, convergence);
      changes.prune(PRUNED_AT_ONCE);
      return { ...recorded, convergence };
    };
    return reserve.write("import", replace);
  }

  /** Gives it up; harmless when it has ended already. */
  discard(): void {
    const { db, copies } = this.#tables;
    db.transaction(() => {
      if (copies.isStaging(this.#copy)) copies.retire(this.#copy);
    });
  }

  /** A ban that goes on from the copy in force keeps its date and its trial. */
  #insert(ban: ReviewedBan, reason: number, now: UnixSeconds): void {
    const { admission, trial: terms } = this.#terms;
    const { address: addr, prefix } = ban.cidr;
    const before =
      this.#inForce === undefined
        ? undefined
        : this.#find.get(this.#inForce, addr, prefix);
    const { stored, fresh, told } = succeed(ban, before, { now, admission });
    if (!this.#room.takes(stored, undefined, this.#growth)) {
      this.#tally.ban(ban, told);
      return;
    }
    const copy = this.#copy;
    const trial = fresh && terms ? trialOfCopy(copy) : stored.trial;
    const row = { copy, addr, prefix, ...stored, trial, reason };
    if (!this.#rows.put(row)) return; // the range has come already
    this.#growth.add({ addr, prefix, ...stored });
    this.#tally.ban(ban, told);
    if (!fresh) return;
    this.#fresh++;
    this.#wide ||= terms?.isWide(ban.cidr) ?? false;
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

  #replaceCopy(now: UnixSeconds): void {
    const { copies, unkept } = this.#tables;
    if (this.#inForce !== undefined) copies.retire(this.#inForce);
    copies.makeCurrent(this.#copy);
    copies.count(this.#copy, this.#growth);
    unkept.add(this.#copy, this.#room, now);
  }

  /** All that is fresh carries the number of a trial; it may turn out needless. */
  #decideOnTrial(
    revision: number,
    now: UnixSeconds,
    convergence: Adopted["convergence"],
  ): void {
    const { trials } = this.#tables;
    const { trial: terms } = this.#terms;
    if (terms === undefined || this.#fresh === 0) return;
    const id = trialOfCopy(this.#copy);
    const trial = { id, feed: this.feed, revision, bans: this.#fresh };
    const isTried = this.#wide || this.#fresh > terms.mostAtOnce;
    const known = convergence === "replay" && this.#comparison?.different;
    if (!isTried) trials.spare({ ...trial, began: now });
    else
      trials.begin({ ...trial, began: now }, terms.seconds, known || undefined);
  }

  #markDifferences(revision: number, now: UnixSeconds): Adopted["convergence"] {
    const { changes } = this.#tables;
    if (this.#comparison === undefined || this.#comparison.tooMany) {
      changes.dropHistory();
      changes.beginAnew();
      return "rebuild";
    }
    for (const cidr of this.#comparison.different) {
      changes.changing(revision, cidr, now);
    }
    return "replay";
  }
}

/** What a snapshot has to bear; nothing of it unless given. */
export interface StagingTerms {
  readonly admission?: Admission | undefined;
  readonly trial?: TrialTerms | undefined;
}

/** Segments' trials go by their revisions, above zero. */
const trialOfCopy = (copy: number): number => -copy;

export interface StagingTables {
  readonly db: Database;
  readonly feeds: Feeds;
  readonly copies: Copies;
  readonly reasons: Reasons;
  readonly changes: Changes;
  readonly outcomes: Outcomes;
  readonly trials: Trials;
  readonly unkept: Unkept;
  readonly reserve: Reserve;
}

/** What a slice adds, beside the reasons that it gives for the first time. */
function sizeOf(bans: readonly ReviewedBan[]): number {
  const reasons = new Set(bans.map(({ reason }) => reason));
  const texts = [...reasons].reduce((sum, { length }) => sum + 2 * length, 0);
  return bans.length * BAN_BYTES + texts;
}

/** A row, in pages that are half full. */
const BAN_BYTES = 96;

/** Two look-ups a ban: some milliseconds. */
const COMPARED_AT_ONCE = 10_000;
