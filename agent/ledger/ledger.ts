import type { Block } from "../model/block.js";
import type { Cidr } from "../model/cidr.js";
import { modes, type Mode } from "../model/mode.js";
import type { DatedPosition, FeedName } from "../model/position.js";
import type { ReviewedOp } from "../model/reviewed.js";
import type { Entry, RulesetChange } from "../model/ruleset.js";
import { Approvals, type KeptApproval } from "./approvals.js";
import { Changes, PRUNED_AT_ONCE, type Rebuild } from "./changes.js";
import { Copies, type FeedCount, type Standing } from "./copies.js";
import { openLedgerFile, type Database } from "./database.js";
import { Departure } from "./departure.js";
import { Effective } from "./effective.js";
import { Feeds } from "./feeds.js";
import { History } from "./history.js";
import { LastWord } from "./last-word.js";
import { Lookup, type Page } from "./lookup.js";
import { Meta } from "./meta.js";
import { Outcomes, type Outcome, type Recorded } from "./outcomes.js";
import { Purge } from "./purge.js";
import { Reasons } from "./reasons.js";
import { Recorder } from "./recorder.js";
import type { Source } from "./revisions.js";
import { Review, type Guard } from "./review.js";
import type { DatedBan, HeldBan, RecordedBan } from "./rows.js";
import { Staging, type StagingTables, type StagingTerms } from "./staging.js";
import type { Admission } from "./stored.js";
import { Trials, type Trial, type TrialTerms, type Verdict } from "./trials.js";
import { Unconfirmed } from "./unconfirmed.js";
import { Time, type KeptTime, type Redating } from "./time.js";

/** A segment that the guards have reviewed. */
export interface ReviewedSegment {
  readonly position: DatedPosition;
  readonly ops: Iterable<ReviewedOp>;
  /** Unix seconds. */
  readonly now: number;
  /** What may come into force; everything unless given. */
  readonly admission?: Admission | undefined;
  /** What is tried first; nothing unless given. */
  readonly trial?: TrialTerms | undefined;
}

/**
 * The truth on the host: every ban by feed, and where each feed stands. What a
 * method returned from is on the disk. All methods block, so what can be long
 * comes in slices: let the event loop turn between two of them. `now` is in
 * Unix seconds; errors of the file are `LedgerDamage`.
 */
export class Ledger implements Disposable {
  /** Random 32-bit number drawn when the file was made; never 0. */
  readonly id: number;
  /** What this host's operator has said, whatever feeds say. */
  readonly word: LastWord;
  /** What a trial took back, and may be let into force all the same. */
  readonly unconfirmed: Unconfirmed;
  readonly #db: Database;
  readonly #meta: Meta;
  readonly #tables: StagingTables;
  readonly #effective: Effective;
  readonly #recorder: Recorder;
  readonly #lookup: Lookup;
  readonly #purge: Purge;
  readonly #review: Review;
  readonly #departure: Departure;
  readonly #time: Time;
  readonly #approvals: Approvals;

  private constructor(db: Database) {
    const meta = new Meta(db);
    const copies = new Copies(db);
    const reasons = new Reasons(db);
    const feeds = new Feeds(db);
    const outcomes = new Outcomes(db);
    this.#effective = new Effective(db, copies);
    const history = new History(db, meta);
    const effective = this.#effective;
    const changes = new Changes(db, { meta, effective, history });
    this.#db = db;
    this.#meta = meta;
    const trials = new Trials(db, changes);
    this.#tables = { db, feeds, copies, reasons, changes, outcomes, trials };
    this.#recorder = new Recorder(db, this.#tables);
    const recorder = this.#recorder;
    this.word = new LastWord(db, { ...this.#tables, meta, history, recorder });
    this.#lookup = new Lookup(db, copies);
    this.#purge = new Purge(db, this.#tables);
    this.#review = new Review(db, { ...this.#tables, meta });
    this.unconfirmed = new Unconfirmed(db, this.#tables);
    this.#departure = new Departure(db, this.#tables);
    this.#time = new Time(db, copies);
    this.#approvals = new Approvals(db);
    this.id = db.read(() => meta.get("ledger"));
  }

  /**
   * Opens the ledger, made when there is none. Blocks while it is checked, and
   * up to a second while another process holds it.
   * @throws LedgerDamage
   */
  static open(path: string, options: LedgerOptions = {}): Ledger {
    const db = openLedgerFile(path, options.mostBytes);
    try {
      return new Ledger(db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Counts what was recorded; the kernel is labelled with it. */
  revision(): number {
    return this.#db.read(() => this.#tables.changes.revision());
  }

  position(feed: FeedName): DatedPosition | undefined {
    return this.#db.read(() => this.#tables.feeds.position(feed));
  }

  positions(): readonly DatedPosition[] {
    return this.#db.read(() => this.#tables.feeds.positions());
  }

  /**
   * Records a segment, its position and its outcome: all of it or nothing.
   * A ban replaces the one that the feed had on its range.
   * @throws OutOfOrder when the segment does not go on where its feed stands
   */
  record({ position, ops, now, admission, trial }: ReviewedSegment): Recorded {
    const { feeds, changes, outcomes } = this.#tables;
    return this.#db.transaction(() => {
      feeds.mustFollow(position);
      const source = this.#sourceOf(position);
      const revision = changes.begin("segment", now, { source });
      const moment = { revision, now, admission, trial };
      const tally = this.#recorder.apply(position.feed, ops, moment);
      const recorded = tally.at(revision);
      changes.describe(revision, tally.described);
      feeds.moveTo(position, now);
      outcomes.add("segment", position, recorded, now);
      changes.prune(PRUNED_AT_ONCE);
      return recorded;
    });
  }

  /** How many ops it brings is by how far its feed moves. */
  #sourceOf({ feed, offset, issuedAt }: DatedPosition): Source {
    const before = this.#tables.feeds.position(feed)?.offset ?? 0;
    return { feed, issuedAt, ops: offset - before };
  }

  /** Begins to load a snapshot; one that the feed had begun before is dropped. */
  stage(feed: FeedName, terms?: StagingTerms): Staging {
    return new Staging(feed, this.#tables, terms);
  }

  /** Changes that are in force for now, and not for good yet. */
  trials(): readonly Trial[] {
    return this.#db.read(() => this.#tables.trials.open());
  }

  /**
   * Decides of trials: what passed stays as it was ordered, what failed is in
   * force no longer, and held. One small transaction, whatever they cover.
   */
  settle(ids: readonly number[], verdict: Verdict): void {
    const { trials } = this.#tables;
    this.#db.transaction(() => trials.settle(ids, verdict));
  }

  /** Has a trial begin again, and last until then. */
  tryAgain(id: number, until: number): void {
    const { trials } = this.#tables;
    this.#db.transaction(() => trials.again(id, until));
  }

  /**
   * What a kernel that holds revision `since` of this ledger must be told to
   * hold the present one, at most `limit` ranges at a time. Nothing comes when
   * it does already; `"rebuild"` when this ledger can't tell.
   */
  changesSince(
    since: number,
    limit: number,
    now: () => number,
  ): Iterable<RulesetChange | Rebuild> {
    return this.#tables.changes.since(since, limit, now);
  }

  /** Takes note that the kernel was read back to hold this revision. */
  enforced(revision: number): void {
    this.#tables.changes.enforced(revision);
  }

  /**
   * The whole ruleset in the order of address and prefix, at most `size` entries
   * at a time, which come packed by prefix length.
   * Read `revision()` before: what is recorded meanwhile may be in it or not,
   * and `changesSince` that revision tells it.
   */
  entries(size: number, now: number): Iterable<readonly Block[]> {
    return this.#effective.slices(size, now);
  }

  /**
   * Until when the kernel must drop exactly this range, and until when observe
   * it: none of the two, one, or both.
   */
  effective(cidr: Cidr, now: number): readonly Entry[] {
    return this.#db.read(() => this.#effective.of(cidr, now));
  }

  /** Every feed's bans on the range or on one around it, the narrowest first. */
  bansOn(cidr: Cidr, now: number): readonly DatedBan[] {
    return this.#db.read(() => this.#lookup.covering(cidr, now));
  }

  /** Every feed's bans on parts of the range, at most so many. */
  bansWithin(cidr: Cidr, now: number, limit: number): readonly DatedBan[] {
    return this.#db.read(() => this.#lookup.within(cidr, now, limit));
  }

  /** A page of bans by feed and range; a short one is the last. */
  list(page: Page, now: number): readonly RecordedBan[] {
    return this.#db.read(() => this.#lookup.list(page, now));
  }

  /** A page of bans that a guard stopped, likewise. */
  held(page: Page, now: number): readonly HeldBan[] {
    return this.#db.read(() => this.#lookup.held(page, now));
  }

  /** What the whole host does about its bans. */
  mode(): Mode {
    return this.#db.read(() =>
      this.#meta.get("mode") === 0 ? "enforce" : "observe",
    );
  }

  /** Remembers what the whole host is to do; the kernel is not told by this. */
  setMode(mode: Mode): void {
    const value = modes.indexOf(mode);
    this.#db.transaction(() => {
      this.#meta.set("mode", value);
      this.#meta.set("paused_until", 0);
    });
  }

  /** How many bans each feed has, counted without looking at them. */
  counts(): readonly FeedCount[] {
    return this.#db.read(() =>
      this.#tables.copies
        .allCurrent()
        .map(({ feed, bans, held, observed }) => ({
          feed,
          bans,
          held,
          observed,
        })),
    );
  }

  /** How much is in force, by what was counted: what ran out lately counts too. */
  standing(feed: FeedName): Standing {
    return this.#db.read(() => this.#tables.copies.standing(feed));
  }

  /** How many bans of a feed are in force or held; looks at all of them. */
  running(feed: FeedName, now: number): number {
    return this.#db.read(() => this.#lookup.running(feed, now));
  }

  /** The newest outcomes, newest first. */
  outcomes(limit: number): readonly Outcome[] {
    return this.#db.read(() => this.#tables.outcomes.newest(limit));
  }

  /** What the feed's newest segment or snapshot came to. */
  newestOutcome(feed: FeedName): Outcome | undefined {
    return this.#db.read(() => this.#tables.outcomes.newestOf(feed));
  }

  /** Retires every other feed, its bans and its position. */
  followOnly(feeds: readonly FeedName[]): void {
    this.#departure.leaveAllBut(feeds);
  }

  /**
   * Shows a slice of the recorded bans to a guard that has not seen them all.
   * Returns whether the round goes on; what it held or released is in the
   * changes.
   */
  reviewAgain(guard: Guard, limit: number, now: number): boolean {
    return this.#review.step(guard, limit, now);
  }

  /**
   * Takes out a slice of what counts no more: retired copies, expired bans,
   * unused reasons. Returns whether the round goes on.
   */
  purge(now: number, limit: number): boolean {
    return this.#purge.step(limit, now);
  }

  /** What was kept of the critical keys' word, at most one for each feed. */
  approvals(): readonly KeptApproval[] {
    return this.#db.read(() => this.#approvals.all());
  }

  /** Keeps it in place of the one that its feed had. */
  keepApproval(approval: KeptApproval): void {
    this.#db.transaction(() => this.#approvals.put(approval));
  }

  forgetApproval(feed: FeedName): void {
    this.#db.transaction(() => this.#approvals.forget(feed));
  }

  /** What time it was, when somebody last said. */
  timeKept(): KeptTime | undefined {
    return this.#db.read(() => this.#time.kept());
  }

  /** Keeps it; bans that have to move with it do so in the same transaction. */
  keepTime(kept: KeptTime, redating?: Redating): void {
    this.#db.transaction(() => {
      this.#time.keep(kept);
      if (redating === undefined) return;
      this.#time.redate(redating);
      this.#tables.changes.beginAnew(); // what was kept has other dates
    });
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

export interface LedgerOptions {
  /** The file may not grow beyond this; `MOST_BYTES` unless given. */
  readonly mostBytes?: number;
}
