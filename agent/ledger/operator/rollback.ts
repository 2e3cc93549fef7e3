import type { Cidr } from "../../model/cidr.js";
import { NO_HASH, type FeedName } from "../../model/position.js";
import type { ReviewedBanOp, ReviewedOp } from "../../model/reviewed.js";
import { limits } from "../../protocol/limits.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import type { Changes } from "../changes.js";
import { Growth, type Copies } from "../copies.js";
import type { Database, Statement } from "../database.js";
import type { Feeds } from "../feeds.js";
import type { History, InForce, Past } from "../history.js";
import type { Recorder } from "../recorder.js";
import { cidrOfRow, type RangeRow } from "../rows.js";
import { HERE } from "../stored.js";
import { ROLLED_BACK, type Withheld } from "../withheld.js";

/** The revision that a slice of a rollback writes, and until when it withholds. */
export interface Slice {
  readonly target: number;
  /** Of the ledger, while this is written. */
  readonly revision: number;
  /** Unix seconds. */
  readonly now: UnixSeconds;
  /** Unix seconds: from then on feeds have their say again. */
  readonly until: UnixSeconds;
}

/** What comes of a range when an earlier ruleset is the present one. */
export type Fate = "withheld" | "put-back" | "replaced" | "guarded" | "same";

/**
 * Makes an earlier ruleset the present one, range by range. What feeds have
 * ordered beyond it is withheld; what they have taken back since, or said
 * otherwise, this host bans by itself for as long as it was to last.
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
        text AS reason, by_sensor AS bySensor
      FROM copies CROSS JOIN bans ON copy = copies.id
        CROSS JOIN reasons ON reasons.id = reason
      WHERE state = 'current' AND addr = ? AND prefix = ?`;
    this.#on = db.prepare(`${bans} AND expires_at > ? AND bans.held IS NULL`);
    this.#heldBy = db.prepare(`${bans} AND bans.held = ?`);
    this.#hold = db.prepare(`UPDATE bans SET held = ? ${HERE}`);
    this.#putBack = db.prepare(
      `SELECT addr, prefix FROM bans
       WHERE copy = ? AND reason IN (SELECT id FROM reasons WHERE text GLOB ?)
       LIMIT ?`,
    );
  }

  /** What would come of a range; changes nothing. */
  fateOf(past: Past, { now, guardedBy }: Judged): Fate {
    const { exceeds, lacks } = this.#compare(past, now);
    if (!lacks) return exceeds ? "withheld" : "same";
    if (guardedBy(past.cidr) !== undefined) {
      return exceeds ? "withheld" : "guarded";
    }
    return exceeds ? "replaced" : "put-back";
  }

  /** Part of a transaction, which has begun the slice's revision. */
  goBack(
    pasts: readonly Past[],
    slice: Slice & Judged,
  ): readonly (readonly [Cidr, Fate])[] {
    const local: ReviewedBanOp[] = [];
    const fates = pasts.map((was) => {
      const fate = this.fateOf(was, slice);
      if (fate === "put-back" || fate === "replaced") {
        local.push(this.#banOf(was, slice));
      }
      if (fate === "withheld" || fate === "replaced") {
        this.#withhold(was.cidr, slice);
      }
      return [was.cidr, fate] as const;
    });
    this.#recordHere(local, slice);
    return fates;
  }

  /** Lets feeds have their say again over some ranges; returns how many. */
  release(ranges: readonly Cidr[], slice: Moment): number {
    for (const cidr of ranges) this.#release(cidr, slice);
    return ranges.length;
  }

  /** Lifts at most so many of the bans that put ranges back; returns how many. */
  liftPutBack(limit: number, slice: Moment): number {
    const copy = this.#tables.copies.current("local");
    const lifts = this.#putBack
      .all(copy ?? null, `${PUT_BACK}*`, limit)
      .map((row) => ({ op: "lift" as const, cidr: cidrOfRow(row) }));
    this.#recordHere(lifts, slice);
    return lifts.length;
  }

  /**
   * Ends what has been withheld for long enough, some ranges of it; returns
   * whether there may be more.
   */
  endOverdue(now: UnixSeconds, limit: number): boolean {
    const { changes, copies, withheld } = this.#tables;
    if (copies.anyStaging()) return false;
    const over = withheld.over(now, limit);
    if (over.length === 0) return false;
    const revision = changes.begin("undo", now);
    this.release(over, { revision, now });
    return over.length === limit;
  }

  /** What is in force beyond what was, and what was and is not. */
  #compare({ cidr, ...then }: Past, now: UnixSeconds) {
    const was = stillRunning(then, now);
    const is = this.#tables.history.inForce(cidr, now);
    const exceeds = is.dropped > was.dropped || is.observed > was.observed;
    const left = exceeds ? NOTHING : is;
    // Beside a ban that is dropped, one that is only observed is given up.
    const lacks =
      was.dropped === 0
        ? left.observed < was.observed
        : left.dropped < was.dropped;
    return { exceeds, lacks };
  }

  #banOf({ cidr, ...then }: Past, { now, target }: Slice): ReviewedBanOp {
    const was = stillRunning(then, now);
    const observed = was.dropped === 0;
    const expiresAt = observed ? was.observed : was.dropped;
    const own = this.#ownHere(cidr, now);
    const reason = own?.reason ?? `${PUT_BACK}${target}`;
    const bySensor = own?.bySensor === 1;
    return { op: "ban", cidr, expiresAt, reason, observed, bySensor };
  }

  /** A ban that this host has of its own goes on as such. */
  #ownHere({ address, prefix }: Cidr, now: UnixSeconds): HereRow | undefined {
    const rows = this.#on.all(address, prefix, now);
    return rows.find(({ feed }) => feed === "local");
  }

  #withhold(cidr: Cidr, slice: Slice): void {
    const { changes, withheld } = this.#tables;
    changes.changing(slice.revision, cidr, slice.now);
    withheld.add(cidr, ROLLED_BACK, slice);
    const rows = this.#on.all(cidr.address, cidr.prefix, slice.now);
    for (const row of rows) this.#setHeld(row, ROLLED_BACK);
  }

  /** The guard has seen them as well: it names itself before this rule. */
  #release(cidr: Cidr, { revision, now }: Moment): void {
    const { changes, withheld } = this.#tables;
    withheld.remove(cidr);
    const rows = this.#heldBy.all(cidr.address, cidr.prefix, ROLLED_BACK);
    if (rows.length === 0) return;
    changes.changing(revision, cidr, now);
    for (const row of rows) this.#setHeld(row, null);
  }

  #setHeld(row: HereRow, held: string | null): void {
    const { copy, addr, prefix } = row;
    this.#hold.run(held, copy, addr, prefix);
    const growth = new Growth();
    growth.replace(row, row, { ...row, held });
    this.#tables.copies.count(copy, growth);
  }

  #recordHere(ops: readonly ReviewedOp[], { revision, now }: Moment): void {
    const { feeds, recorder } = this.#tables;
    if (ops.length === 0) return;
    const terms = { admission: undefined, trial: undefined };
    recorder.apply("local", ops, { revision, now, ...terms });
    const { offset = 0 } = feeds.position("local") ?? {};
    const position = { epoch: "local", offset: offset + ops.length };
    const mark = { hash: NO_HASH, issuedAt: now * 1_000 };
    feeds.moveTo({ feed: "local", ...position, ...mark }, now);
  }
}

export interface Judged {
  /** Unix seconds. */
  readonly now: UnixSeconds;
  /** The guard's rule that would hold a ban on this range. */
  readonly guardedBy: (cidr: Cidr) => string | undefined;
}

type Moment = Pick<Slice, "revision" | "now">;

interface HereRow extends RangeRow {
  readonly copy: number;
  readonly feed: FeedName;
  readonly held: string | null;
  readonly observed: 0 | 1;
  readonly reason: string;
  readonly bySensor: 0 | 1;
}

export interface RollbackTables {
  readonly feeds: Feeds;
  readonly copies: Copies;
  readonly changes: Changes;
  readonly history: History;
  readonly withheld: Withheld;
  readonly recorder: Recorder;
}

const stillRunning = (then: InForce, now: UnixSeconds): InForce => ({
  dropped: then.dropped > now ? then.dropped : 0,
  observed: then.observed > now ? then.observed : 0,
});

const NOTHING: InForce = { dropped: 0, observed: 0 };

/** What the kernel takes as one batch, whatever its ranges are. */
export const MOST_AT_ONCE = limits.segmentOps;

const PUT_BACK = "rolled back to revision ";
