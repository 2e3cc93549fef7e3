import type { Cidr } from "../model/cidr.js";
import { NO_HASH, type FeedName } from "../model/position.js";
import type { ReviewedBan, ReviewedOp } from "../model/reviewed.js";
import { limits } from "../protocol/limits.js";
import type { Changes } from "./changes.js";
import { Growth, type Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Feeds } from "./feeds.js";
import type { History, InForce, Past } from "./history.js";
import type { Recorder } from "./recorder.js";
import { cidrOfRow, type RangeRow } from "./rows.js";
import { HERE } from "./stored.js";
import { ROLLED_BACK, type Withheld } from "./withheld.js";

/** What to go back to, and how long to stay there. */
export interface RollbackTerms {
  readonly revision: number;
  /** Unix seconds. */
  readonly now: number;
  /** Unix seconds: from then on feeds have their say again. */
  readonly until: number;
  /** The guard's rule that would hold a ban on this range. */
  readonly guardedBy: (cidr: Cidr) => string | undefined;
}

/** What came of a rollback, or of taking it back. */
export interface RolledBack {
  /** Of the ledger, from now on. */
  readonly revision: number;
  /** Ranges whose bans are withheld, or are no longer. */
  readonly withheld: number;
  /** Ranges that this host itself bans, or no longer does. */
  readonly putBack: number;
}

/**
 * Makes an earlier ruleset the present one. What feeds have ordered beyond it is
 * withheld, range by range; what they have taken back since, or said otherwise,
 * this host bans by itself for as long as it was to last.
 */
export class Rollback {
  readonly #tables: RollbackTables;
  readonly #on: Statement<HereRow>;
  readonly #hold: Statement<never>;
  readonly #heldBy: Statement<HereRow>;
  readonly #putBack: Statement<RangeRow>;

  constructor(db: Database, tables: RollbackTables) {
    this.#tables = tables;
    const bans = `SELECT copy, copies.feed AS feed, addr, prefix, bans.held, bans.observed,
        text AS reason
      FROM copies CROSS JOIN bans ON copy = copies.id
        CROSS JOIN reasons ON reasons.id = reason
      WHERE state = 'current' AND addr = ? AND prefix = ?`;
    this.#on = db.prepare(`${bans} AND expires_at > ? AND bans.held IS NULL`);
    this.#heldBy = db.prepare(`${bans} AND bans.held = ?`);
    this.#hold = db.prepare(`UPDATE bans SET held = ? ${HERE}`);
    this.#putBack = db.prepare(
      `SELECT addr, prefix FROM bans
       WHERE copy = ? AND reason IN (SELECT id FROM reasons WHERE text GLOB ?)`,
    );
  }

  /** Part of a transaction. @throws OutOfReach; nothing has changed then */
  to(terms: RollbackTerms): RolledBack {
    const { changes, history, copies } = this.#tables;
    history.mustReach(terms.revision);
    const past = history.since(terms.revision);
    copies.retireStaging(); // what is loaded was judged by what was before
    const revision = changes.begin("rollback", terms.now, terms.revision);
    const counts = { withheld: 0, putBack: 0 };
    const local: ReviewedBan[] = [];
    for (const was of past) {
      const { exceeds, putBack } = this.#compare(was, terms);
      if (exceeds) {
        this.#withhold(was.cidr, { ...terms, at: revision });
        counts.withheld++;
      }
      if (putBack !== undefined) local.push(putBack);
    }
    counts.putBack = local.length;
    this.#recordHere(local, revision, terms.now);
    return this.#told(revision, counts);
  }

  /** Takes back every rollback, likewise. */
  undo(now: number): RolledBack {
    const { changes, copies, withheld } = this.#tables;
    copies.retireStaging();
    const revision = changes.begin("undo", now);
    const ranges = withheld.of(ROLLED_BACK);
    for (const cidr of ranges) {
      this.#release(cidr, { at: revision, now });
    }
    const copy = copies.current("local");
    const lifts = this.#putBack
      .all(copy ?? null, `${PUT_BACK}*`)
      .map((row) => ({ op: "lift" as const, cidr: cidrOfRow(row) }));
    this.#recordHere(lifts, revision, now);
    const counts = { withheld: ranges.length, putBack: lifts.length };
    return this.#told(revision, counts);
  }

  /**
   * Ends what has been withheld for long enough, some ranges of it; returns
   * whether there may be more.
   */
  endOverdue(now: number, limit: number): boolean {
    const { changes, copies, withheld } = this.#tables;
    if (copies.anyStaging()) return false;
    const over = withheld.over(now, limit);
    if (over.length === 0) return false;
    const revision = changes.begin("undo", now);
    for (const cidr of over) {
      this.#release(cidr, { at: revision, now });
    }
    return over.length === limit;
  }

  /** What is in force beyond what was, and what was and is not. */
  #compare({ cidr, ...then }: Past, terms: RollbackTerms) {
    const { history } = this.#tables;
    const { now, revision, guardedBy } = terms;
    const was = stillRunning(then, now);
    const is = history.inForce(cidr, now);
    const exceeds = is.dropped > was.dropped || is.observed > was.observed;
    const left = exceeds ? NOTHING : is;
    // Beside a ban that is dropped, one that is only observed is given up.
    const observed = was.dropped === 0;
    const lacks = observed
      ? left.observed < was.observed
      : left.dropped < was.dropped;
    if (!lacks || guardedBy(cidr) !== undefined) {
      return { exceeds, putBack: undefined };
    }
    const putBack: ReviewedBan = {
      op: "ban",
      cidr,
      expiresAt: observed ? was.observed : was.dropped,
      reason: this.#reasonHere(cidr, now) ?? `${PUT_BACK}${revision}`,
      observed,
    };
    return { exceeds, putBack };
  }

  /** A ban that this host has of its own goes on as such. */
  #reasonHere({ address, prefix }: Cidr, now: number): string | undefined {
    const rows = this.#on.all(address, prefix, now);
    return rows.find(({ feed }) => feed === "local")?.reason;
  }

  #withhold(cidr: Cidr, terms: RollbackTerms & { readonly at: number }): void {
    const { changes, withheld } = this.#tables;
    changes.changing(terms.at, cidr, terms.now);
    withheld.add(cidr, ROLLED_BACK, terms);
    const rows = this.#on.all(cidr.address, cidr.prefix, terms.now);
    for (const row of rows) this.#setHeld(row, ROLLED_BACK);
  }

  /** The guard has seen them as well: it names itself before this rule. */
  #release(
    cidr: Cidr,
    { at, now }: { readonly at: number; readonly now: number },
  ): void {
    const { changes, withheld } = this.#tables;
    withheld.remove(cidr);
    const rows = this.#heldBy.all(cidr.address, cidr.prefix, ROLLED_BACK);
    if (rows.length === 0) return;
    changes.changing(at, cidr, now);
    for (const row of rows) this.#setHeld(row, null);
  }

  #setHeld(row: HereRow, held: string | null): void {
    const { copy, addr, prefix } = row;
    this.#hold.run(held, copy, addr, prefix);
    const growth = new Growth();
    growth.replace(row, row, { ...row, held });
    this.#tables.copies.count(copy, growth);
  }

  #recordHere(ops: readonly ReviewedOp[], revision: number, now: number): void {
    const { feeds, recorder } = this.#tables;
    if (ops.length === 0) return;
    const terms = { admission: undefined, trial: undefined };
    recorder.apply("local", ops, { revision, now, ...terms });
    const { offset = 0 } = feeds.position("local") ?? {};
    const position = { epoch: "local", offset: offset + ops.length };
    const mark = { hash: NO_HASH, issuedAt: now * 1_000 };
    feeds.moveTo({ feed: "local", ...position, ...mark }, now);
  }

  /** So much that the kernel would take it in several steps is told as a whole. */
  #told(
    revision: number,
    counts: Pick<RolledBack, "withheld" | "putBack">,
  ): RolledBack {
    const { withheld, putBack } = counts;
    if (withheld + putBack > MOST_AT_ONCE) this.#tables.changes.dropHistory();
    return { revision, ...counts };
  }
}

interface HereRow extends RangeRow {
  readonly copy: number;
  readonly feed: FeedName;
  readonly held: string | null;
  readonly observed: 0 | 1;
  readonly reason: string;
}

export interface RollbackTables {
  readonly feeds: Feeds;
  readonly copies: Copies;
  readonly changes: Changes;
  readonly history: History;
  readonly withheld: Withheld;
  readonly recorder: Recorder;
}

const stillRunning = (then: InForce, now: number): InForce => ({
  dropped: then.dropped > now ? then.dropped : 0,
  observed: then.observed > now ? then.observed : 0,
});

const NOTHING: InForce = { dropped: 0, observed: 0 };

/** What the kernel takes as one batch, whatever its ranges are. */
const MOST_AT_ONCE = limits.segmentOps;

const PUT_BACK = "rolled back to revision ";
