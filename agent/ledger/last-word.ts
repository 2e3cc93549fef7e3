import { modes, type Mode } from "../model/mode.js";
import type { Cidr } from "../model/cidr.js";
import { LedgerFull, LedgerUnwritable } from "./damage.js";
import type { Database } from "./database.js";
import type { History, Revision } from "./history.js";
import type { Meta } from "./meta.js";
import { Orders, type Order } from "./orders.js";
import { Releases, type Release } from "./releases.js";
import type { Reserve } from "./reserve.js";
import {
  Rollback,
  type RollbackTables,
  type RollbackTerms,
  type RolledBack,
} from "./rollback.js";
import { Unwritten, type Doing } from "./unwritten.js";
import { Withheld, type AskedBan } from "./withheld.js";

/** A range of revisions that can be gone back to. */
export interface Reach {
  /** The earliest one. */
  readonly from: number;
  /** The one before the newest order that changed anything; undefined for none. */
  readonly last: number | undefined;
}

/**
 * What this host's operator has said, kept over restarts: the mode, a pause,
 * releases, and rollbacks. Nothing that comes from a cloud gets here. It may take
 * the last room that there is; mode, pause and releases that no disk takes are
 * remembered until the agent ends, and written once one does. Times are Unix
 * seconds.
 */
export class LastWord {
  readonly #db: Database;
  readonly #reserve: Reserve;
  readonly #meta: Meta;
  readonly #history: History;
  readonly #withheld: Withheld;
  readonly #releases: Releases;
  readonly #rollback: Rollback;
  readonly #orders: Orders;
  readonly #unwritten = new Unwritten();

  constructor(db: Database, tables: WordTables) {
    this.#db = db;
    this.#reserve = tables.reserve;
    this.#meta = tables.meta;
    this.#history = tables.history;
    this.#withheld = new Withheld(db);
    this.#releases = new Releases(db);
    this.#rollback = new Rollback(db, { ...tables, withheld: this.#withheld });
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
  pause(until: number): void {
    this.#setDoing({ mode: "observe", pausedUntil: until });
  }

  /** Has the host enforce again once a pause is over; says whether one was. */
  endPause(now: number): boolean {
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

  releases(now: number): readonly Release[] {
    const known = this.#db.read(() => this.#releases.current(now));
    return this.#unwritten.releases(known, now);
  }

  /** Revisions that can be taken back, newest first. */
  history(limit: number): readonly Revision[] {
    return this.#db.read(() => this.#history.newest(limit));
  }

  reach(): Reach {
    return this.#db.read(() => ({
      from: this.#history.from,
      last: this.#history.beforeLastChange(),
    }));
  }

  /**
   * Makes the ruleset of an earlier revision the present one, in one transaction;
   * blocks some 80 ms for each thousand ranges that have changed since.
   * @throws OutOfReach, and LedgerFull where not even the reserve is enough
   */
  rollBack(terms: RollbackTerms): RolledBack {
    return this.#reserve.write("order", () => this.#rollback.to(terms));
  }

  /** Takes back every rollback: feeds have their say again. @throws LedgerFull */
  undoRollbacks(now: number): RolledBack {
    return this.#reserve.write("order", () => this.#rollback.undo(now));
  }

  /** Whether any ban is withheld. */
  withholds(): boolean {
    return this.#db.read(() => this.#withheld.any());
  }

  /** The rule that holds what a cloud orders for exactly this range, if one does. */
  withheldRule(cidr: Cidr, now: number): string | undefined {
    return this.#db.read(() => this.#withheld.rule(cidr, now));
  }

  /** The rule that keeps a recorded ban held though the guard does not. */
  withheldRuleOf(ban: AskedBan, now: number): string | undefined {
    return this.#db.read(() => this.#withheld.ruleOf(ban, now));
  }

  /**
   * Ends what has been withheld for long enough, a slice of it; returns whether
   * there may be more.
   */
  endWithholding(now: number, limit: number): boolean {
    return this.#db.transaction(() => this.#rollback.endOverdue(now, limit));
  }

  /** Remembers who ordered what. */
  note(order: Order): void {
    const isWritten = this.#write(() => this.#orders.add(order));
    if (!isWritten || this.#reserve.isStandIn) this.#unwritten.keepOrder(order);
  }

  /** The newest orders, newest first. */
  orders(limit: number): readonly Order[] {
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
        note: (order) => this.#orders.add(order),
      }),
    );
    if (isWritten) this.#unwritten.forgetAll();
    return isWritten;
  }

  /** Has another ledger remember what no disk has taken. */
  handOver(to: LastWord): void {
    this.#unwritten.sayTo({
      doing: (doing) => to.#setDoing(doing),
      release: (release) => to.release(release),
      endRelease: (cidr) => to.endRelease(cidr),
      note: (order) => to.note(order),
    });
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

export interface WordTables extends Omit<RollbackTables, "withheld"> {
  readonly meta: Meta;
  readonly reserve: Reserve;
}
