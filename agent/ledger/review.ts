import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import { RING_WAITS } from "../model/rings.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Changes } from "./changes.js";
import { Growth, type Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Meta } from "./meta.js";
import { cidrOfRow, START, type RangeRow } from "./rows.js";
import { HERE, type FoundBan } from "./stored.js";
import {
  isTried,
  NOT_CONFIRMED,
  type Trials,
  type TrialTerms,
} from "./trials.js";

/** What bans are shown to. */
export interface Guard {
  /** Another number whenever it might judge otherwise; never 0. */
  readonly digest: number;
  /** The rule that holds this ban at a time, if one does. */
  holdingRule(ban: JudgedBan, now: UnixSeconds): string | undefined;
  /** How bans that are released are tried; not at all unless given. */
  readonly trial?: TrialTerms;
}

/** A recorded ban that is not on trial, and what has held it so far. */
export interface JudgedBan {
  readonly feed: FeedName;
  readonly cidr: Cidr;
  /** Unix seconds. */
  readonly expiresAt: UnixSeconds;
  readonly observed: boolean;
  readonly held: string | undefined;
  /** When this host's ring has its turn. */
  readonly ringAt?: UnixSeconds | null;
}

/**
 * Shows every recorded ban to a guard that judges otherwise than the one that
 * saw it last: bans are held or released, and the kernel gets to know. On the way
 * what became of trials is written to their bans. While a snapshot is on its way
 * in this waits, as it is compared with what is in force.
 */
export class Review {
  readonly #db: Database;
  readonly #tables: ReviewTables;
  readonly #next: Statement<StoredRow>;
  readonly #begun: Statement<StoredRow>;
  readonly #change: Statement<never>;
  /** Where the round stands; there is none between two rounds. */
  #round: Round | undefined;

  constructor(db: Database, tables: ReviewTables) {
    this.#db = db;
    this.#tables = tables;
    const rowsOf = (table: string) =>
      `SELECT copy, addr, prefix, expires_at AS expiresAt, held, observed, trial,
         ring_at AS ringAt,
         (SELECT state FROM trials WHERE trials.id = bans.trial) AS verdict
       FROM ${table} WHERE copy = ?`;
    this.#next = db.prepare(
      `${rowsOf("bans")} AND (addr, prefix) > (?, ?)
       ORDER BY addr, prefix LIMIT ?`,
    );
    this.#begun = db.prepare(
      `${rowsOf("bans INDEXED BY waiting_bans")}
       AND held = '${RING_WAITS}' AND ring_at <= ? LIMIT ?`,
    );
    this.#change = db.prepare(`UPDATE bans SET held = ?, trial = ? ${HERE}`);
  }

  /** One slice, one transaction; returns whether the round goes on at once. */
  step(guard: Guard, limit: number, now: UnixSeconds): boolean {
    const { meta, copies, trials } = this.#tables;
    const { digest } = guard;
    const round = this.#round?.digest === digest ? this.#round : undefined;
    const settled = round?.settled ?? this.#db.read(() => trials.settled());
    const isSeen = this.#db.read(() => meta.get("guard")) === digest;
    if (isSeen && settled.length === 0) return this.#begin(guard, limit, now);
    const after = round?.after ?? { ...START, copy: 0 };
    const last = this.#db.transaction(() => {
      copies.retireUnfinished();
      if (copies.anyStaging()) return "later";
      const rows = this.#slice(after, limit);
      this.#judge(rows, guard, now);
      if (rows.length === limit) return rows.at(-1);
      meta.set("guard", digest);
      trials.forget(settled);
      return undefined;
    });
    if (last === "later") return false;
    this.#round = last && { digest, settled, after: last };
    return last !== undefined;
  }

  /** Judges bans that this host's ring waited for, and has its turn with now. */
  #begin(guard: Guard, limit: number, now: UnixSeconds): boolean {
    const { copies } = this.#tables;
    const due = () =>
      copies
        .allCurrent()
        .flatMap(({ id, feed }) =>
          this.#begun.all(id, now, limit).map((row) => ({ ...row, feed })),
        );
    if (this.#db.read(due).length === 0) return false;
    return this.#db.transaction(() => {
      copies.retireUnfinished();
      if (copies.anyStaging()) return false;
      const rows = due();
      this.#judge(rows, guard, now);
      return rows.length >= limit;
    });
  }

  /** The next bans of the copies in force, copy by copy. */
  #slice(after: BanKey, limit: number): readonly ReviewRow[] {
    const rows: ReviewRow[] = [];
    const copies = [...this.#tables.copies.allCurrent()];
    for (const { id, feed } of copies.sort((a, b) => a.id - b.id)) {
      if (id < after.copy) continue;
      const { addr, prefix } = id === after.copy ? after : START;
      for (const row of this.#next.all(id, addr, prefix, limit - rows.length)) {
        rows.push({ ...row, feed });
      }
    }
    return rows;
  }

  #judge(rows: readonly ReviewRow[], guard: Guard, now: UnixSeconds): void {
    const { changes } = this.#tables;
    let revision: number | undefined;
    const released: ReviewRow[] = [];
    for (const row of rows) {
      const { held: before } = row;
      const trial = row.verdict === "open" ? row.trial : null;
      const held = judgement(row, guard, now);
      if (held === before && trial === row.trial) continue;
      // Of a failed trial the kernel has heard already.
      const isNews =
        row.verdict !== "failed" && (held === null) !== (before === null);
      if (isNews && row.expiresAt > now) {
        revision ??= changes.begin("review", now);
        changes.changing(revision, cidrOfRow(row), now);
        if (held === null && row.observed === 0) released.push(row);
      }
      this.#write(row, held, trial);
    }
    if (revision !== undefined) this.#try(released, guard, { revision, now });
  }

  #write(row: ReviewRow, held: string | null, trial: number | null): void {
    const { copy, addr, prefix } = row;
    this.#change.run(held, trial, copy, addr, prefix);
    const growth = new Growth();
    growth.replace(row, row, { ...row, held });
    this.#tables.copies.count(copy, growth);
  }

  /** What is released comes into force, and is tried like any other. */
  #try(
    released: readonly ReviewRow[],
    { trial: terms }: Guard,
    { revision, now }: { readonly revision: number; readonly now: UnixSeconds },
  ): void {
    const ranges = released.map(cidrOfRow);
    const [first] = released;
    if (first === undefined || !terms || !isTried(ranges, terms)) return;
    for (const { copy, addr, prefix } of released) {
      this.#change.run(null, revision, copy, addr, prefix);
    }
    const { feed } = first;
    const trial = { id: revision, feed, revision, bans: ranges.length };
    this.#tables.trials.begin({ ...trial, began: now }, terms.seconds, ranges);
  }
}

function judgement(
  { verdict, feed, held, ...row }: ReviewRow,
  guard: Guard,
  now: UnixSeconds,
): string | null {
  const before = verdict === "failed" ? NOT_CONFIRMED : (held ?? undefined);
  const { expiresAt, observed, ringAt } = row;
  const terms = { expiresAt, observed: observed === 1, held: before, ringAt };
  const ban = { feed, cidr: cidrOfRow(row), ...terms };
  return guard.holdingRule(ban, now) ?? null;
}

interface Round {
  readonly digest: number;
  /** Trials that were decided when the round began: no ban is of them after it. */
  readonly settled: readonly number[];
  readonly after: BanKey;
}

interface BanKey extends RangeRow {
  readonly copy: number;
}

interface StoredRow extends BanKey, Pick<FoundBan, "trial" | "verdict"> {
  readonly expiresAt: UnixSeconds;
  readonly held: string | null;
  readonly observed: 0 | 1;
  readonly ringAt: UnixSeconds | null;
}

interface ReviewRow extends StoredRow {
  readonly feed: FeedName;
}

interface ReviewTables {
  readonly meta: Meta;
  readonly copies: Copies;
  readonly changes: Changes;
  readonly trials: Trials;
}
