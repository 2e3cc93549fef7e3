import { modes } from "../model/mode.js";
import type { Cidr } from "../model/cidr.js";
import type { Database } from "./database.js";
import {
  GoingBack,
  Undoing,
  type GoingBackTables,
  type RollbackTerms,
  type RolledBack,
  type Run,
} from "./going-back.js";
import type { History } from "./history.js";
import type { Meta } from "./meta.js";
import { Orders, type KeptOrder, type Order } from "./orders.js";
import { Releases, type Release } from "./releases.js";
import type { Order as Change } from "./revisions.js";
import { Rollback, type RollbackTables } from "./rollback.js";
import { Withheld, type AskedBan, type WithheldSum } from "./withheld.js";

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
 * What this host's operator has said, kept over restarts: a pause, releases, and
 * rollbacks. Nothing that comes from a cloud gets here. Times are Unix seconds.
 */
export class LastWord {
  readonly #db: Database;
  readonly #meta: Meta;
  readonly #history: History;
  readonly #withheld: Withheld;
  readonly #releases: Releases;
  readonly #rollback: Rollback;
  readonly #tables: GoingBackTables;
  readonly #orders: Orders;

  constructor(db: Database, tables: WordTables) {
    this.#db = db;
    this.#meta = tables.meta;
    this.#history = tables.history;
    this.#withheld = new Withheld(db);
    this.#releases = new Releases(db);
    const shared = { ...tables, withheld: this.#withheld };
    this.#rollback = new Rollback(db, shared);
    this.#tables = { ...shared, rollback: this.#rollback };
    this.#orders = new Orders(db);
  }

  /** Has the whole host observe until then; the kernel is not told by this. */
  pause(until: number): void {
    this.#db.transaction(() => {
      this.#meta.set("mode", modes.indexOf("observe"));
      this.#meta.set("paused_until", until);
    });
  }

  /** Until when the host is paused; undefined when it is not. */
  pausedUntil(): number | undefined {
    const until = this.#db.read(() => this.#meta.get("paused_until"));
    return until === 0 ? undefined : until;
  }

  /** Has the host enforce again once a pause is over; says whether one was. */
  endPause(now: number): boolean {
    const until = this.pausedUntil();
    if (until === undefined || until > now) return false;
    this.#db.transaction(() => {
      this.#meta.set("mode", modes.indexOf("enforce"));
      this.#meta.set("paused_until", 0);
    });
    return true;
  }

  /** @throws TooManyReleases */
  release(release: Release): void {
    this.#db.transaction(() => this.#releases.put(release));
  }

  /** Ends a release of exactly this range; false when there is none. */
  endRelease(cidr: Cidr): boolean {
    return this.#db.transaction(() => this.#releases.remove(cidr));
  }

  releases(now: number): readonly Release[] {
    return this.#db.read(() => this.#releases.current(now));
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

  /** The order of the first change after a revision, likewise. */
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

  /** Takes back every rollback, likewise. */
  undo(now: number): Run {
    return this.#db.read(() => new Undoing(this.#db, this.#tables, now));
  }

  /** All of a rollback at once, which may block for long. @throws OutOfReach */
  rollBack(terms: RollbackTerms): RolledBack {
    using run = this.goBack(terms);
    while (run.step());
    return run.result;
  }

  undoRollbacks(now: number): RolledBack {
    using run = this.undo(now);
    while (run.step());
    return run.result;
  }

  /** How much is withheld, since what, and until when. */
  withheld(now: number): WithheldNow | undefined {
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

  /** Remembers who ordered what; returns the number that it goes by. */
  note(order: Order): number {
    return this.#db.transaction(() => this.#orders.add(order));
  }

  /** Remembers what came of it. */
  noteEnd(id: number, outcome: string): void {
    this.#db.transaction(() => this.#orders.end(id, outcome));
  }

  /** The newest orders, newest first. */
  orders(limit: number): readonly KeptOrder[] {
    return this.#db.read(() => this.#orders.newest(limit));
  }
}

export interface WordTables extends Omit<RollbackTables, "withheld"> {
  readonly meta: Meta;
}
