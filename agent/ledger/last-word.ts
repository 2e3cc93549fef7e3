import { modes } from "../model/mode.js";
import type { Cidr } from "../model/cidr.js";
import type { Database } from "./database.js";
import type { History, Revision } from "./history.js";
import type { Meta } from "./meta.js";
import { Orders, type Order } from "./orders.js";
import { Releases, type Release } from "./releases.js";
import {
  Rollback,
  type RollbackTables,
  type RollbackTerms,
  type RolledBack,
} from "./rollback.js";
import { Withheld, type AskedBan } from "./withheld.js";

/** A range of revisions that can be gone back to. */
export interface Reach {
  /** The earliest one. */
  readonly from: number;
  /** The one before the newest order that changed anything; undefined for none. */
  readonly last: number | undefined;
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
  readonly #orders: Orders;

  constructor(db: Database, tables: WordTables) {
    this.#db = db;
    this.#meta = tables.meta;
    this.#history = tables.history;
    this.#withheld = new Withheld(db);
    this.#releases = new Releases(db);
    this.#rollback = new Rollback(db, { ...tables, withheld: this.#withheld });
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
   * @throws OutOfReach
   */
  rollBack(terms: RollbackTerms): RolledBack {
    return this.#db.transaction(() => this.#rollback.to(terms));
  }

  /** Takes back every rollback: feeds have their say again. */
  undoRollbacks(now: number): RolledBack {
    return this.#db.transaction(() => this.#rollback.undo(now));
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
    this.#db.transaction(() => this.#orders.add(order));
  }

  /** The newest orders, newest first. */
  orders(limit: number): readonly Order[] {
    return this.#db.read(() => this.#orders.newest(limit));
  }
}

export interface WordTables extends Omit<RollbackTables, "withheld"> {
  readonly meta: Meta;
}
