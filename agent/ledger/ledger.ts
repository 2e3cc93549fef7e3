import type { Block } from "../model/block.js";
import type { Cidr } from "../model/cidr.js";
import type { Mode } from "../model/mode.js";
import type { DatedPosition, FeedName } from "../model/position.js";
import type { PastOutcome, Recorded } from "../model/recorded.js";
import type { OwnOp } from "../model/reviewed.js";
import type { Entry, RulesetChange } from "../model/ruleset.js";
import type { Storage, StorageState } from "../model/storage.js";
import type { UnixSeconds } from "../runtime/clock.js";
import { Approvals, type KeptApproval } from "./approvals.js";
import { Changes, type Rebuild } from "./changes.js";
import { Copies, type FeedCount, type FeedTotals } from "./copies.js";
import { MOST_BYTES, openLedgerFile, type Database } from "./database.js";
import { Departure } from "./departure.js";
import { Effective } from "./effective.js";
import { Feeds } from "./feeds.js";
import { Unkept, type UnkeptCount } from "./held.js";
import { History } from "./history.js";
import { Lookup, type Page } from "./lookup.js";
import { Meta } from "./meta.js";
import { OperatorOverrides } from "./operator/overrides.js";
import { Outcomes } from "./outcomes.js";
import { Policies } from "./policies.js";
import { Purge } from "./purge.js";
import { Reasons } from "./reasons.js";
import { Recorder } from "./recorder.js";
import { Reserve } from "./reserve.js";
import { Review, type Guard } from "./review.js";
import type { DatedBan, HeldBan, HeldCount, RecordedBan } from "./rows.js";
import { Segments, type ReviewedSegment } from "./segments.js";
import { Staging, type StagingTables, type StagingTerms } from "./staging.js";
import { Time, type KeptTime, type Redating } from "./time.js";
import { TreeHeads } from "./tree-heads.js";
import { Trials, type Trial, type Verdict } from "./trials.js";
import { Unconfirmed } from "./unconfirmed.js";

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
  readonly overrides: OperatorOverrides;
  /** What a trial took back, and may be let into force all the same. */
  readonly unconfirmed: Unconfirmed;
  readonly #db: Database;
  readonly #tables: StagingTables;
  readonly #effective: Effective;
  readonly #segments: Segments;
  readonly #lookup: Lookup;
  readonly #purge: Purge;
  readonly #review: Review;
  readonly #departure: Departure;
  readonly #time: Time;
  readonly #approvals: Approvals;
  /** What was seen of the cloud's logs. */
  readonly treeHeads: TreeHeads;
  /** What the customer wants of this host. */
  readonly policies: Policies;
  readonly #reserve: Reserve;

  private constructor(db: Database, options: LedgerOptions) {
    const reserve = new Reserve(db, { mostBytes: MOST_BYTES, ...options });
    this.#reserve = reserve;
    const meta = new Meta(db);
    const copies = new Copies(db);
    const reasons = new Reasons(db);
    const unkept = new Unkept(db);
    const outcomes = new Outcomes(db);
    const history = new History(db, meta);
    const effective = (this.#effective = new Effective(db, copies));
    const changes = new Changes(db, { meta, effective, history });
    this.#db = db;
    const trials = new Trials(db, changes);
    const kept = { reasons, changes, outcomes, trials, unkept, reserve };
    this.#tables = { db, feeds: new Feeds(db), copies, ...kept };
    const recorder = new Recorder(db, this.#tables);
    this.#segments = new Segments(this.#tables, recorder);
    const ordered = { ...this.#tables, meta, history, recorder };
    this.overrides = new OperatorOverrides(db, ordered);
    this.#lookup = new Lookup(db, copies);
    this.#purge = new Purge(db, this.#tables);
    this.#review = new Review(db, { ...this.#tables, meta });
    this.unconfirmed = new Unconfirmed(db, this.#tables);
    this.#departure = new Departure(db, this.#tables);
    this.#time = new Time(db, copies);
    this.#approvals = new Approvals(db);
    this.treeHeads = new TreeHeads(db);
    this.policies = new Policies(db);
    this.id = db.read(() => meta.get("ledger"));
  }

  /**
   * Opens the ledger, made when there is none. Blocks while it is checked, and up to a
   * second while another process holds it. @throws LedgerDamage
   */
  static open(path: string, options: LedgerOptions = {}): Ledger {
    const db = openLedgerFile(path, options.mostBytes);
    try {
      return new Ledger(db, options);
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
   * @throws LedgerFull when there is no room, or what is left is for others
   */
  record(segment: ReviewedSegment): Recorded {
    return this.#segments.record(segment);
  }

  /** Records what this host decided itself, which nobody signs. */
  recordLocal(ops: readonly OwnOp[], now: number): Recorded {
    return this.#segments.recordLocal(ops, now);
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
    this.#reserve.write("lift", () => this.#tables.trials.settle(ids, verdict));
  }

  /** Has a trial begin again, and last until then. */
  tryAgain(id: number, until: UnixSeconds): void {
    this.#reserve.write("lift", () => this.#tables.trials.again(id, until));
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
  entries(size: number, now: UnixSeconds): Iterable<readonly Block[]> {
    return this.#effective.slices(size, now);
  }

  /** Until when the kernel must drop exactly this range, and until when observe it. */
  effective(cidr: Cidr, now: UnixSeconds): readonly Entry[] {
    return this.#db.read(() => this.#effective.of(cidr, now));
  }

  /** Every feed's bans on the range or on one around it, the narrowest first. */
  bansOn(cidr: Cidr, now: UnixSeconds): readonly DatedBan[] {
    return this.#db.read(() => this.#lookup.covering(cidr, now));
  }

  /** Every feed's bans on parts of the range, at most so many. */
  bansWithin(cidr: Cidr, now: UnixSeconds, limit: number): readonly DatedBan[] {
    return this.#db.read(() => this.#lookup.within(cidr, now, limit));
  }

  /** A page of bans by feed and range; a short one is the last. */
  list(page: Page, now: UnixSeconds): readonly RecordedBan[] {
    return this.#db.read(() => this.#lookup.list(page, now));
  }

  /** A page of bans that a guard stopped; a short one is the last. */
  held(page: Page, now: UnixSeconds): readonly HeldBan[] {
    return this.#db.read(() => this.#lookup.held(page, now));
  }

  /** What the whole host does about its bans. */
  mode(): Mode {
    return this.overrides.mode();
  }

  /** Remembers what the whole host is to do; the kernel is not told by this. */
  setMode(mode: Mode): void {
    this.overrides.setMode(mode);
  }

  /** How much room is left, and what only this process remembers. */
  storage(): Storage {
    const untilRestart = this.overrides.untilRestart();
    const { state, isStandIn } = this.#reserve;
    return { state, untilRestart, isStandIn };
  }

  /** Called in the turn in which there is more or less room than before. */
  onStorage(listener: () => void): void {
    this.#reserve.onChange(listener);
  }

  /** Looks how much room there is, makes more, and writes down what waited for it. */
  look(): StorageState {
    const state = this.#reserve.look();
    if (!this.#reserve.isStandIn) this.overrides.writeDown();
    return state;
  }

  /** How many bans each feed has, counted without looking at them. */
  counts(): readonly FeedCount[] {
    return this.#db.read(() => this.#tables.copies.counts());
  }

  /** How many bans are held; looks at those that wait for something. */
  allHeld(): HeldCount {
    return this.#db.read(() => this.#tables.copies.allHeld());
  }

  /** Held bans beyond what is remembered of a feed, by the rule. */
  unkept(): readonly UnkeptCount[] {
    return this.#db.read(() => this.#tables.unkept.all());
  }

  /** How much is in force, by what was counted: what ran out lately counts too. */
  standing(feed: FeedName): FeedTotals {
    return this.#db.read(() => this.#tables.copies.standing(feed));
  }

  /** How many bans of a feed are in force or held; looks at all of them. */
  running(feed: FeedName, now: UnixSeconds): number {
    return this.#db.read(() => this.#lookup.running(feed, now));
  }

  /** The newest outcomes, newest first. */
  outcomes(limit: number): readonly PastOutcome[] {
    return this.#db.read(() => this.#tables.outcomes.newest(limit));
  }

  /** What the feed's newest segment or snapshot came to. */
  newestOutcome(feed: FeedName): PastOutcome | undefined {
    return this.#db.read(() => this.#tables.outcomes.newestOf(feed));
  }

  /** Retires every other feed, its bans and its position. */
  followOnly(feeds: readonly FeedName[], now: UnixSeconds): boolean {
    return this.#departure.leaveAllBut(feeds, now);
  }

  /**
   * Shows a slice of the recorded bans to a guard that has not seen them all.
   * Returns whether the round goes on; what it held or released is in the
   * changes.
   */
  reviewAgain(guard: Guard, limit: number, now: UnixSeconds): boolean {
    return this.#review.step(guard, limit, now);
  }

  /**
   * Takes out a slice of what counts no more: retired copies, expired bans,
   * held ones that were to live longer than `life` seconds and have been there for
   * so long, unused reasons. Returns whether the round goes on.
   */
  purge(now: UnixSeconds, limit: number, life = HELD_FOR_S): boolean {
    return this.#purge.step(limit, now, life);
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

  /** Copies it into a new file, as it is by the end. @throws LedgerDamage */
  copyTo(path: string): Promise<void> {
    return this.#db.copyTo(path);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

export interface LedgerOptions {
  /** The file may not grow beyond this; `MOST_BYTES` unless given. */
  readonly mostBytes?: number;
  /** The file is a copy of the ledger, and forgotten at the end: why. */
  readonly standsInFor?: string | undefined;
}

/** As long as `guard.limits.life` is unless somebody says otherwise. */
const HELD_FOR_S = 365 * 86_400;
