import type { Cidr } from "../../model/cidr.js";
import { modes, type Mode } from "../../model/mode.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import { LedgerFull, LedgerUnwritable } from "../damage.js";
import type { Database } from "../database.js";
import type { History } from "../history.js";
import type { Meta } from "../meta.js";
import type { Reserve } from "../reserve.js";
import type { Order as Change } from "../revisions.js";
import { Withheld, type AskedBan, type WithheldSum } from "../withheld.js";
import {
  GoingBack,
  Undoing,
  type GoingBackTables,
  type RollbackTerms,
  type RolledBack,
  type Run,
} from "./going-back.js";
import { Orders, type KeptOrder, type Order } from "./orders.js";
import { Releases, type Release } from "./releases.js";
import { Rollback, type RollbackTables } from "./rollback.js";
import { Unwritten, type Doing } from "./unwritten.js";

/** A range of revisions that can be gone back to. */
export interface Reach {
  /** The earliest one. */
  readonly from: number;
  /** The one before the newest order that changed anything; undefined for none. */
  readonly last: number | undefined;
}

/** What is withheld, and the revision that was gone back to, where it is kept. */
export interface WithheldNow extends WithheldSum {
  readonly to: number | undefined;
}

/**
 * What this host's operator has said, kept over restarts: the mode, a pause,
 * releases, and rollbacks. Nothing that comes from a cloud gets here. It may take
 * the last room that there is; mode, pause and releases that no disk takes are
 * remembered until the agent ends, and written once one does. Times are Unix
 * seconds.
 */
export class OperatorOverrides {
  readonly #db: Database;
  readonly #reserve: Reserve;
  readonly #meta: Meta;
  readonly #history: History;
  readonly #withheld: Withheld;
  readonly #releases: Releases;
  readonly #rollback: Rollback;
  readonly #tables: GoingBackTables;
  readonly #orders: Orders;
  readonly #unwritten = new Unwritten();

  constructor(db: Database, tables: OverrideTables) {
    this.#db = db;
    this.#reserve = tables.reserve;
    this.#meta = tables.meta;
    this.#history = tables.history;
    this.#withheld = new Withheld(db);
    this.#releases = new Releases(db);
    const shared = { ...tables, withheld: this.#withheld };
    this.#rollback = new Rollback(db, shared);
    this.#tables = { ...shared, rollback: this.#rollback };
    this.#orders = new Orders(db);
  }

  /** What the whole host does about its bans. */
  mode(): Mode {
    return this.#doing().mode;
  }

  /** Until when the host is paused; undefined when it is not. */
  pausedUntil(): number | undefined {
    const { pausedUntil } = this.#doing();
    return pausedUntil === 0 ? undefined : pausedUntil;
  }

  /** Remembers what the host is to do; the kernel is not told by this. */
  setMode(mode: Mode): void {
    this.#setDoing({ mode, pausedUntil: 0 });
  }

  /** Has the whole host observe until then; the kernel is not told by this. */
  pause(until: UnixSeconds): void {
    this.#setDoing({ mode: "observe", pausedUntil: until });
  }

  /** Has the host enforce again once a pause is over; says whether one was. */
  endPause(now: UnixSeconds): boolean {
    const until = this.pausedUntil();
    if (until === undefined || until > now) return false;
    this.setMode("enforce");
    return true;
  }

  /** @throws TooManyReleases */
  release(release: Release): void {
    const isWritten = this.#write(() => this.#releases.put(release));
    if (isWritten) this.#unwritten.forgetRelease(release.cidr);
    if (!isWritten || this.#reserve.isStandIn) {
      this.#unwritten.keepRelease(release);
    }
  }

  /** Ends a release of exactly this range; false when there is none. */
  endRelease(cidr: Cidr): boolean {
    const isKnown = this.#db.read(() => this.#releases.has(cidr));
    const isReleased = this.#unwritten.has(cidr) || isKnown;
    if (!isReleased || this.#unwritten.hasEnded(cidr)) return false;
    const isWritten = this.#write(() => this.#releases.remove(cidr));
    if (isWritten) this.#unwritten.forgetRelease(cidr);
    if (!isWritten || this.#reserve.isStandIn) {
      this.#unwritten.keepEnd(cidr, isKnown);
    }
    return true;
  }

  releases(now: UnixSeconds): readonly Release[] {
    const known = this.#db.read(() => this.#releases.current(now));
    return this.#unwritten.releases(known, now);
  }

  /** Orders that can be taken back, newest first. */
  history(limit: number): readonly Change[] {
    return this.#db.read(() => this.#history.orders(limit));
  }

  reach(): Reach {
    return this.#db.read(() => ({
      from: this.#history.from,
      last: this.#history.beforeLastOrder(),
    }));
  }

  /** The order that a revision is part of; undefined for what is not kept. */
  orderOf(revision: number): number | undefined {
    return this.#db.read(() => this.#history.orderOf(revision));
  }

  /** The order of the first change after a revision; undefined where none is kept. */
  orderAfter(revision: number): number | undefined {
    return this.#db.read(() => this.#history.orderAfter(revision));
  }

  /** The revision that was the newest at a moment, in Unix seconds. */
  revisionAt(moment: number): number {
    return this.#db.read(() => this.#history.at(moment));
  }

  /**
   * Makes the ruleset of an earlier revision the present one, in slices.
   * @throws OutOfReach
   */
  goBack(terms: RollbackTerms): Run {
    return this.#db.read(() => new GoingBack(this.#db, this.#tables, terms));
  }

  /** A rollback that an earlier process left in the middle, to be gone on with. */
  goOnBack(terms: Pick<RollbackTerms, "now" | "guardedBy">): Run | undefined {
    const revision = this.#db.read(() => this.#meta.get("rollback_target"));
    if (revision < 0) return undefined;
    return this.goBack({ ...terms, revision, until: 0, resume: true });
  }

  /** Takes back every rollback, in slices. */
  undo(now: UnixSeconds): Run {
    return this.#db.read(() => new Undoing(this.#tables, now));
  }

  /** All of a rollback at once, which may block for long. @throws OutOfReach */
  rollBack(terms: RollbackTerms): RolledBack {
    using run = this.goBack(terms);
    while (run.step());
    return run.result;
  }

  undoRollbacks(now: UnixSeconds): RolledBack {
    using run = this.undo(now);
    while (run.step());
    return run.result;
  }

  /** How much is withheld, since what, and until when. */
  withheld(now: UnixSeconds): WithheldNow | undefined {
    return this.#db.read(() => {
      const sum = this.#withheld.sum(now);
      return sum && { ...sum, to: this.#history.rolledBackTo() };
    });
  }

  /** Whether any ban is withheld. */
  withholds(): boolean {
    return this.#db.read(() => this.#withheld.any());
  }

  /** The rule that holds what a cloud orders for exactly this range, if one does. */
  withheldRule(cidr: Cidr, now: UnixSeconds): string | undefined {
    return this.#db.read(() => this.#withheld.rule(cidr, now));
  }

  /** The rule that keeps a recorded ban held though the guard does not. */
  withheldRuleOf(ban: AskedBan, now: UnixSeconds): string | undefined {
    return this.#db.read(() => this.#withheld.ruleOf(ban, now));
  }

  /**
   * Ends what has been withheld for long enough, a slice of it; returns whether
   * there may be more.
   */
  endWithholding(now: UnixSeconds, limit: number): boolean {
    return this.#db.transaction(() => this.#rollback.endOverdue(now, limit));
  }

  /** Remembers who ordered what; tell the answer what came of it. */
  note(order: Order): (outcome: string) => void {
    let id: number | undefined;
    const isWritten = this.#write(() => (id = this.#orders.add(order)));
    const waits = !isWritten || this.#reserve.isStandIn;
    const kept = waits ? this.#unwritten.keepOrder(order) : undefined;
    return (outcome) => {
      kept?.(outcome);
      if (id !== undefined) this.#end(id, outcome);
    };
  }

  /** The newest orders, newest first. */
  orders(limit: number): readonly KeptOrder[] {
    const written = this.#db.read(() => this.#orders.newest(limit));
    if (this.#reserve.isStandIn) return written;
    return [...this.#unwritten.orders.toReversed(), ...written].slice(0, limit);
  }

  /** What is in force until the agent ends, and no disk has taken. */
  untilRestart(): readonly string[] {
    return this.#unwritten.told;
  }

  /** Writes what waits to be written, all of it or nothing; whether nothing waits. */
  writeDown(): boolean {
    if (this.#unwritten.isEmpty) return true;
    const isWritten = this.#write(() =>
      this.#unwritten.sayTo({
        doing: (doing) => this.#put(doing),
        release: (release) => this.#releases.put(release),
        endRelease: (cidr) => this.#releases.remove(cidr),
        note: ({ outcome, ...order }) => {
          const id = this.#orders.add(order);
          if (outcome !== null) this.#orders.end(id, outcome);
        },
      }),
    );
    if (isWritten) this.#unwritten.forgetAll();
    return isWritten;
  }

  /** Has another ledger remember what no disk has taken. */
  handOver(to: OperatorOverrides): void {
    this.#unwritten.sayTo({
      doing: (doing) => to.#setDoing(doing),
      release: (release) => to.release(release),
      endRelease: (cidr) => to.endRelease(cidr),
      note: ({ outcome, ...order }) => {
        const ended = to.note(order);
        if (outcome !== null) ended(outcome);
      },
    });
  }

  /** Where no disk takes it, the order stands there as one that was cut off. */
  #end(id: number, outcome: string): void {
    this.#write(() => this.#orders.end(id, outcome));
  }

  #doing(): Doing {
    return (
      this.#unwritten.doing ??
      this.#db.read(() => ({
        mode: modes[this.#meta.get("mode")] ?? "observe",
        pausedUntil: this.#meta.get("paused_until"),
      }))
    );
  }

  #setDoing(doing: Doing): void {
    const isWritten = this.#write(() => this.#put(doing));
    if (isWritten) this.#unwritten.forgetDoing();
    if (!isWritten || this.#reserve.isStandIn) this.#unwritten.keepDoing(doing);
  }

  #put({ mode, pausedUntil }: Doing): void {
    this.#meta.set("mode", modes.indexOf(mode));
    this.#meta.set("paused_until", pausedUntil);
  }

  /** False where no disk takes it. */
  #write(work: () => unknown): boolean {
    try {
      this.#reserve.write("order", work);
      return true;
    } catch (error) {
      const hasNoDisk =
        error instanceof LedgerFull || error instanceof LedgerUnwritable;
      if (!hasNoDisk) throw error;
      return false;
    }
  }
}

export interface OverrideTables extends Omit<RollbackTables, "withheld"> {
  readonly meta: Meta;
  readonly reserve: Reserve;
}
