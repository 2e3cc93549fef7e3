import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { StorageState } from "../model/storage.js";
import { LOG_PAGES } from "../sqlite/database.js";
import { LedgerFull } from "./damage.js";
import type { Database, Statement } from "./database.js";

/**
 * What something is written for, from what waits first when room runs out to what
 * may take the last of it: bans of `reputation` and snapshots, other bans, lifts
 * and verdicts on trials, and the orders of this host's operator.
 */
export type Use = "import" | "ban" | "lift" | "order";

/**
 * Room within the file for what must be written on a full disk. Rows that mean
 * nothing take up pages, which are given up for others when there are no more.
 *
 * The file grows ahead of need, and only here: pages are on the disk before
 * anything is put on them. So the log can always be brought into the file, and
 * begins anew on blocks that it has already, however full the disk is.
 */
export class Reserve {
  readonly #db: Database;
  /** How many rows there are when it is whole. */
  readonly #whole: number;
  /** How many pages are to hold nothing. */
  readonly #ahead: number;
  readonly #count: Statement<number>;
  readonly #fill: Statement<never>;
  readonly #extend: Statement<never>;
  readonly #drop: Statement<never>;
  readonly #rewrite: Statement<never>;
  readonly #touch: Statement<never>;
  readonly #listeners = new Set<() => void>();
  #state: StorageState = "ok";
  /** Nothing is asked of the disk before something is to be written. */
  #isKnown = false;

  /** Where no file takes anything: why; what is written is forgotten at the end. */
  readonly #standsInFor: string | undefined;

  constructor(db: Database, { mostBytes, standsInFor }: ReserveTerms) {
    this.#db = db;
    this.#standsInFor = standsInFor;
    if (standsInFor !== undefined) this.#state = "full";
    const share = mostBytes * SHARE;
    this.#whole = Math.floor(Math.min(RESERVE_BYTES, share) / ROW_BYTES);
    this.#ahead = Math.floor(Math.min(AHEAD_BYTES, share) / db.pageBytes);
    this.#count = db.prepare<number>("SELECT count(*) FROM reserve").pluck();
    this.#fill = db.prepare(
      `INSERT INTO reserve (room) VALUES (randomblob(${BLOB_BYTES}))`,
    );
    this.#extend = db.prepare(
      `INSERT INTO reserve (room) VALUES (zeroblob(${BLOB_BYTES}))`,
    );
    this.#drop = db.prepare(
      `DELETE FROM reserve WHERE id IN
         (SELECT id FROM reserve ORDER BY id DESC LIMIT ?)`,
    );
    this.#rewrite = db.prepare(
      `UPDATE reserve SET room = randomblob(${BLOB_BYTES})`,
    );
    this.#touch = db.prepare(
      "UPDATE meta SET value = value WHERE key = 'mode'",
    );
  }

  /** Whether this is not the ledger, but a copy of it in memory. */
  get isStandIn(): boolean {
    return this.#standsInFor !== undefined;
  }

  /** As the last look or write left it. */
  get state(): StorageState {
    return this.#state;
  }

  /** Called in the turn in which the state changes. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * All that `work` writes, or nothing of it. Unless it is to run once, it may be
   * run again, with more room: it must remember nothing of a run that threw.
   * @throws LedgerFull when what is left is for others
   */
  write<T>(use: Use, work: () => T, terms: WriteTerms = {}): T {
    if (this.#standsInFor !== undefined) this.#mustBeOrder(use);
    else this.#provideFor(use, terms.bytes ?? 0);
    try {
      const isPlain = terms.once === true || this.isStandIn;
      return isPlain ? this.#db.transaction(work) : this.#inRoom(use, work);
    } catch (error) {
      if (error instanceof LedgerFull) this.#become(this.#worst());
      throw error;
    }
  }

  /** Looks how much room there is, and fills up what is missing. */
  look(ahead = this.#ahead): StorageState {
    if (this.isStandIn) return this.#state;
    this.#isKnown ||= this.#prepareLog();
    this.#become(this.#makeRoom(ahead) ? "ok" : this.#worst());
    return this.#state;
  }

  /** A copy in memory takes what must not wait, and forgets it at the end. */
  #mustBeOrder(use: Use): void {
    if (use === "order") return;
    throw new LedgerFull(this.#db.path, this.#standsInFor ?? "");
  }

  #provideFor(use: Use, bytes: number): void {
    const pages = this.#ahead + Math.ceil(bytes / this.#db.pageBytes);
    const isReady = this.#isKnown && this.#state === "ok";
    if (!isReady || this.#free() < pages) this.look(pages);
    if (use === "import" && this.#state !== "ok") throw this.#keptForOthers();
  }

  #inRoom<T>(use: Use, work: () => T): T {
    try {
      return this.#db.transaction(work);
    } catch (error) {
      if (!(error instanceof LedgerFull)) throw error;
      return this.#inMore(use, work, error);
    }
  }

  /** The file grows as far as the disk lets it; then the reserve is drawn on. */
  #inMore<T>(use: Use, work: () => T, why: LedgerFull): T {
    for (const pages of GROWTHS) {
      if (this.#state !== "ok" || !this.#grow(pages)) break;
      try {
        return this.#db.transaction(work);
      } catch (error) {
        if (!(error instanceof LedgerFull)) throw error;
      }
    }
    return this.#fromReserve(use, work, why);
  }

  /** Gives up as little as will do. */
  #fromReserve<T>(use: Use, work: () => T, why: LedgerFull): T {
    const most = this.#rows() - Math.ceil(this.#whole * LEFT_BY[use]);
    this.#db.checkpoint();
    for (let rows = 1, last = why; ; rows *= 4) {
      const given = Math.min(rows, most);
      if (given <= 0) throw last;
      try {
        return this.#db.transaction(() => {
          this.#drop.run(given);
          return work();
        });
      } catch (error) {
        if (!(error instanceof LedgerFull)) throw error;
        last = error;
        if (given === most) throw last;
      }
    }
  }

  /** False where the reserve is not whole, or nothing may be added beside it. */
  #makeRoom(ahead: number): boolean {
    const missing = this.#whole - this.#rows();
    const free = this.#free();
    const wanted = ahead + Math.max(0, missing) * ROW_PAGES;
    const suffices = free >= wanted;
    if (!suffices && !this.#grow(wanted + LEAP) && !this.#grow(wanted)) {
      this.#refill(Math.min(missing, Math.floor(free / ROW_PAGES) - 1));
      return false;
    }
    this.#refill(missing);
    return this.#diskHasRoom(0);
  }

  #refill(rows: number): void {
    if (rows <= 0) return;
    orNot(() =>
      this.#db.transaction(() => {
        for (let i = 0; i < rows; i++) this.#fill.run();
      }),
    );
  }

  /**
   * Makes so many pages of the file hold nothing; those that it lacks are on the
   * disk after this. False when there is no room for them.
   */
  #grow(free: number): boolean {
    const { all } = this.#db.pages();
    const lacking = free - this.#free();
    if (lacking <= 0) return true;
    const cap = all + lacking + ROW_PAGES;
    if (!this.#diskHasRoom(lacking) || this.#db.capAt(cap) < cap) {
      this.#db.capAt(all);
      return false;
    }
    const before = this.#rows();
    const grown = orNot(() => {
      for (let left = Math.ceil(free / ROW_PAGES); left > 0; left -= CHUNK) {
        this.#db.transaction(() => {
          for (let i = 0; i < Math.min(left, CHUNK); i++) this.#extend.run();
        });
        this.#db.checkpoint();
      }
    });
    orNot(() =>
      this.#db.transaction(() => this.#drop.run(this.#rows() - before)),
    );
    this.#db.capAt(this.#db.pages().all);
    return grown;
  }

  /** The host keeps some room for others than this agent, too. */
  #diskHasRoom(pages: number): boolean {
    try {
      const { bavail, blocks, bsize } = statfsSync(dirname(this.#db.path));
      if (blocks === 0) return true; // it does not say
      const kept = Math.min(MOST_LEFT_BYTES, blocks * bsize * LEFT_SHARE);
      const needed = 2 * pages * this.#db.pageBytes; // the log's share, too
      return bavail * bsize >= kept + needed;
    } catch {
      return true; // what is written will tell
    }
  }

  /** Has the log take its blocks now: rows are written all over once. */
  #prepareLog(): boolean {
    this.#db.capAt(this.#db.pages().all);
    const log = statSync(`${this.#db.path}-wal`, { throwIfNoEntry: false });
    if ((log?.size ?? 0) >= LOG_PAGES * this.#db.pageBytes) return true;
    orNot(() => {
      this.#db.transaction(() => this.#rewrite.run());
      this.#db.checkpoint();
    });
    return true;
  }

  /** What is left, when not everything is. */
  #worst(): StorageState {
    if (this.isStandIn) return "full";
    if (this.#rows() === 0) return "full";
    const writes = orNot(() => this.#db.transaction(() => this.#touch.run()));
    return writes ? "reserve" : "full";
  }

  #become(state: StorageState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #rows(): number {
    return this.#db.read(() => this.#count.get() ?? 0);
  }

  #free(): number {
    return this.#db.pages().free;
  }

  #keptForOthers(): LedgerFull {
    return new LedgerFull(
      this.#db.path,
      "has no room to grow; what is left is kept for lifts, this host's orders and urgent bans",
    );
  }
}

export interface ReserveTerms {
  readonly mostBytes: number;
  /** Why a copy in memory stands in for the file. */
  readonly standsInFor?: string | undefined;
}

export interface WriteTerms {
  /** About so much is added. */
  readonly bytes?: number;
  readonly once?: boolean;
}

/** Whether it could be written. */
function orNot(write: () => unknown): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof LedgerFull) return false;
    throw error;
  }
}

/** Some five thousand urgent bans, lifts and orders; of a small file, an eighth. */
const RESERVE_BYTES = 1024 ** 2;
const SHARE = 1 / 8;

/** A row, with what the file has around it: eight pages. */
const ROW_PAGES = 8;
const ROW_BYTES = ROW_PAGES * 4_096;
const BLOB_BYTES = 32_000;

/** How much of the reserve is left for what matters more. */
const LEFT_BY: Readonly<Record<Use, number>> = {
  import: 1,
  ban: 1 / 2,
  lift: 1 / 4,
  order: 0,
};

/** What the file grows by: a few thousand bans. */
const AHEAD_BYTES = 512 * 1024;

/** Where there is room, so many pages more: each growth writes all free ones. */
const LEAP = 1_024;

/** Pages for what is larger: 4,096 ops may each come to a full page, and halve it. */
const GROWTHS = [1_024, 6_144];

/** Rows at a time, so that the log stays small: a mebibyte. */
const CHUNK = 32;

/** A twentieth of a disk, or 64 MiB of a large one, is left to others. */
const LEFT_SHARE = 1 / 20;
const MOST_LEFT_BYTES = 64 * 1024 ** 2;
