import { FOREVER } from "../model/ban.js";
import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Changes } from "./changes.js";
import type { Database, Statement } from "./database.js";

/** A change that is in force for a short while, until it has proved harmless. */
export interface Trial {
  /** The revision of a segment; of a snapshot its copy, below zero. */
  readonly id: number;
  readonly feed: FeedName;
  readonly revision: number;
  /** How many bans came into force by it. */
  readonly bans: number;
  /** Unix seconds. */
  readonly began: number;
  /** Unix seconds; from then on none of its bans is in force. */
  readonly until: UnixSeconds;
  /** How often it was begun: a process may have ended in its middle. */
  readonly tries: number;
}

/** What becomes of a trial. */
export type Verdict = "passed" | "failed";

/** Which changes are tried, and for how long. */
export interface TrialTerms {
  readonly seconds: number;
  /** More bans than these coming into force at once are tried. */
  readonly mostAtOnce: number;
  /** Whether a ban is tried though it comes alone. */
  isWide(cidr: Cidr): boolean;
}

/** Whether bans that come into force together are to be tried. */
export const isTried = (fresh: readonly Cidr[], terms: TrialTerms): boolean =>
  fresh.length > terms.mostAtOnce || fresh.some((cidr) => terms.isWide(cidr));

/** The rule of a ban whose trial failed. */
export const NOT_CONFIRMED = "not-confirmed";

/**
 * Trials in the ledger: one number decides of all bans of one, so that a million
 * of them end, or stay, by writing one row. Whoever walks through the bans next
 * writes it to each, and the trial can be forgotten.
 */
export class Trials {
  readonly #changes: Changes;
  readonly #put: Statement<never>;
  readonly #open: Statement<Trial>;
  readonly #settle: Statement<never>;
  readonly #again: Statement<never>;
  readonly #settled: Statement<number>;
  readonly #forget: Statement<never>;
  /** What each covers, where all of it is little; a restart forgets it. */
  readonly #ranges = new Map<number, readonly Cidr[]>();
  #remembered = 0;

  constructor(db: Database, changes: Changes) {
    this.#changes = changes;
    this.#put = db.prepare(
      "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
    );
    this.#open = db.prepare(
      `SELECT id, feed, revision, bans, began, until, tries FROM trials
       WHERE state = 'open' ORDER BY revision`,
    );
    this.#settle = db.prepare(
      "UPDATE trials SET state = ?, until = ? WHERE id = ?",
    );
    this.#again = db.prepare(
      "UPDATE trials SET until = ?, tries = tries + 1 WHERE id = ?",
    );
    this.#settled = db
      .prepare<number>("SELECT id FROM trials WHERE state <> 'open'")
      .pluck();
    this.#forget = db.prepare("DELETE FROM trials WHERE id = ?");
  }

  /** Part of the transaction that brings the bans into force. */
  begin(
    trial: Omit<Trial, "until" | "tries">,
    seconds: number,
    ranges?: readonly Cidr[],
  ): void {
    const { id, feed, revision, bans, began } = trial;
    this.#put.run(id, feed, revision, bans, began, began + seconds, "open");
    if (ranges !== undefined) this.#remember(id, ranges);
  }

  /** Bans carry its number already, and need none. */
  spare({ id, feed, revision, bans, began }: Omit<Trial, "until" | "tries">) {
    this.#put.run(id, feed, revision, bans, began, FOREVER, "passed");
  }

  /** Those that nothing has been decided of. */
  open(): readonly Trial[] {
    return this.#open.all();
  }

  /** Part of a transaction; the kernel gets to know by the changes. */
  settle(ids: readonly number[], verdict: Verdict): void {
    const until = verdict === "passed" ? FOREVER : 0;
    for (const id of ids) this.#settle.run(verdict, until, id);
    this.#mark(ids);
    for (const id of ids) this.#forgetRanges(id);
  }

  /**
   * Begins one again. Part of a transaction; the kernel gets to know by the changes.
   */
  again(id: number, until: UnixSeconds): void {
    this.#again.run(until, id);
    this.#mark([id]);
  }

  /** Those whose bans may still carry their number. */
  settled(): readonly number[] {
    return this.#settled.all();
  }

  /** No ban carries their number any more. */
  forget(ids: readonly number[]): void {
    for (const id of ids) this.#forget.run(id);
  }

  /** A feed may begin one trial after another, whose ranges are then not kept. */
  #remember(id: number, ranges: readonly Cidr[]): void {
    if (this.#remembered + ranges.length > MOST_REMEMBERED) return;
    this.#ranges.set(id, ranges);
    this.#remembered += ranges.length;
  }

  #forgetRanges(id: number): void {
    this.#remembered -= this.#ranges.get(id)?.length ?? 0;
    this.#ranges.delete(id);
  }

  /** What is not known range by range, the kernel is told as a whole. */
  #mark(ids: readonly number[]): void {
    const changes = this.#changes;
    const revision = changes.nextRevision();
    const known = ids.map((id) => this.#ranges.get(id));
    const ranges = known.flatMap((each) => each ?? []);
    if (known.includes(undefined) || ranges.length > MOST_REMEMBERED) {
      changes.dropHistory();
      return;
    }
    for (const cidr of ranges) changes.mark(revision, cidr);
  }
}

/**
 * Of all trials that are open. To tell the kernel of more, one by one, would take
 * longer than a rebuild; each takes up some 300 bytes meanwhile.
 */
const MOST_REMEMBERED = 20_000;
