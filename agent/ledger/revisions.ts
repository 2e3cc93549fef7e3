import { LONGEST_REASON } from "../model/ban.js";
import type { FeedName } from "../model/position.js";
import { PROBE_REASON } from "../model/probe.js";
import { limits } from "../protocol/limits.js";
import type { Database, Statement } from "./database.js";

/** What brought a revision about. */
export type Cause = "segment" | "snapshot" | "review" | "rollback" | "undo";

/**
 * What somebody has decided, in however many segments it came, or what this host
 * did itself: the unit in which changes are listed and taken back.
 */
export interface Order {
  /** The number it goes by: its first revision. */
  readonly id: number;
  readonly last: number;
  readonly cause: Cause;
  /** Unix seconds. */
  readonly at: number;
  /** Of a rollback: the revision that it went back to. */
  readonly target: number | null;
  /** Whose segments or snapshot it was; null for what the host did itself. */
  readonly feed: FeedName | null;
  /** The first reason that it gives. */
  readonly reason: string;
  readonly banned: number;
  readonly observed: number;
  readonly lifted: number;
  readonly held: number;
  /** How many ranges it changed. */
  readonly changed: number;
}

/** What a segment or snapshot came to, for who asks later. */
export type Described = Pick<
  Order,
  "reason" | "banned" | "observed" | "lifted" | "held"
>;

/** Where a segment or snapshot comes from. */
export interface Source {
  readonly feed: FeedName;
  /** Milliseconds since 1970, as its cloud dates it. */
  readonly issuedAt: number;
  /** 0 for a snapshot, which no segment goes on. */
  readonly ops: number;
}

export interface Beginning {
  readonly cause: Cause;
  /** Unix seconds. */
  readonly at: number;
  readonly target?: number;
  readonly source?: Source;
  /** The order that it goes on with; found by its source unless given. */
  readonly order?: number;
}

/** Every revision that can be taken back, and the order that it is part of. */
export class Revisions {
  readonly #begin: Statement<never>;
  readonly #describe: Statement<never>;
  readonly #newestOf: Statement<Predecessor>;
  readonly #orders: Statement<Order>;
  readonly #orderOf: Statement<number | null>;
  readonly #orderAfter: Statement<number | null>;
  readonly #at: Statement<number | null>;
  readonly #target: Statement<number | null>;

  constructor(db: Database) {
    const one = (sql: string) => db.prepare<number | null>(sql).pluck();
    this.#begin = db.prepare(
      `INSERT INTO revisions
         (revision, at, cause, target, first, decision, feed, issued, ops)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#describe = db.prepare(
      `UPDATE revisions SET reason = ?, banned = ?, observed = ?, lifted = ?,
         held = ? WHERE revision = ?`,
    );
    this.#newestOf = db.prepare(
      `SELECT decision, issued, ops, cause FROM revisions WHERE feed = ?
       ORDER BY revision DESC LIMIT 1`,
    );
    this.#orders = db.prepare(
      `WITH parts AS (
         SELECT *, lead(first, 1, (SELECT ifnull(max(id), 0) + 1 FROM history))
           OVER (ORDER BY revision) - first AS changed
         FROM revisions WHERE revision > ?)
       SELECT decision AS id, max(revision) AS last, cause, min(at) AS at,
         target, feed, max(reason) AS reason, sum(banned) AS banned,
         sum(observed) AS observed, sum(lifted) AS lifted, sum(held) AS held,
         sum(changed) AS changed
       FROM parts WHERE NOT (feed IS 'local' AND reason = '${PROBE_REASON}')
       GROUP BY decision ORDER BY decision DESC LIMIT ?`,
    );
    this.#orderOf = one("SELECT decision FROM revisions WHERE revision = ?");
    this.#orderAfter = one(
      `SELECT decision FROM revisions WHERE revision > ?
       ORDER BY revision LIMIT 1`,
    );
    this.#at = one("SELECT max(revision) FROM revisions WHERE at <= ?");
    this.#target = one(
      `SELECT target FROM revisions WHERE cause = 'rollback'
       ORDER BY revision DESC LIMIT 1`,
    );
  }

  /** `first` is where its part of the history begins. */
  begin(revision: number, first: number, beginning: Beginning): void {
    const { cause, at, target, source } = beginning;
    const order = beginning.order ?? this.#goesOn(source) ?? revision;
    const { feed = null, issuedAt = 0, ops = 0 } = source ?? {};
    const what = [revision, at, cause, target ?? null, first];
    this.#begin.run(...what, order, feed, issuedAt, ops);
  }

  describe(revision: number, described: Described): void {
    const { reason, banned, observed, lifted, held } = described;
    this.#describe.run(reason, banned, observed, lifted, held, revision);
  }

  /**
   * A cloud dates all segments of one decision alike, and begins another only
   * once one has no room left: what follows a full one of the same date goes on
   * with its order.
   */
  #goesOn(source: Source | undefined): number | undefined {
    if (source === undefined || source.ops === 0) return undefined;
    const before = this.#newestOf.get(source.feed);
    if (before?.cause !== "segment" || before.issued !== source.issuedAt) {
      return undefined;
    }
    return before.ops >= FULL_OPS ? before.decision : undefined;
  }

  /** Orders after a revision, newest first; bans for proofs are none. */
  orders(after: number, limit: number): readonly Order[] {
    return this.#orders.all(after, limit);
  }

  /** The order that a revision is part of. */
  orderOf(revision: number): number | undefined {
    return this.#orderOf.get(revision) ?? undefined;
  }

  /** The order of the first revision after one. */
  orderAfter(revision: number): number | undefined {
    return this.#orderAfter.get(revision) ?? undefined;
  }

  /** The newest revision of a moment, in Unix seconds, or before it. */
  at(moment: number): number | undefined {
    return this.#at.get(moment) ?? undefined;
  }

  /** Where the newest rollback went back to. */
  rolledBackTo(): number | undefined {
    return this.#target.get() ?? undefined;
  }
}

interface Predecessor {
  readonly decision: number;
  readonly issued: number;
  readonly ops: number;
  readonly cause: Cause;
}

/**
 * A segment with fewer ops than these has room for one more: each takes at most
 * 34 bytes beside its reason, and header and signatures 3,072 of a segment.
 */
const FULL_OPS = Math.floor(
  (limits.segmentBytes - 3_072 - 34 - LONGEST_REASON) / (34 + LONGEST_REASON),
);
