import type { Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";
import { cidrOfRow, type RangeRow } from "./rows.js";

/** The rule of bans that this host's operator has rolled back. */
export const ROLLED_BACK = "rolled-back";

/** Rules that hold a ban for as long as its range is withheld. */
export const withheldRules = [ROLLED_BACK] as const;
export type WithheldRule = (typeof withheldRules)[number];

export const isWithheldRule = (
  rule: string | null | undefined,
): rule is WithheldRule => withheldRules.some((each) => each === rule);

/** A recorded ban that is asked about. */
export interface AskedBan {
  readonly feed: FeedName;
  readonly cidr: Cidr;
  /** What has held it so far. */
  readonly held: string | undefined;
}

export interface WithheldSum {
  readonly ranges: number;
  /** Unix seconds. */
  readonly until: UnixSeconds;
}

/**
 * Ranges whose bans wait: what feeds order for exactly such a range is held. What
 * this host itself has recorded meanwhile is not.
 */
export class Withheld {
  readonly #any: Statement<number>;
  readonly #rule: Statement<WithheldRule>;
  readonly #add: Statement<never>;
  readonly #over: Statement<RangeRow>;
  readonly #of: Statement<RangeRow>;
  readonly #count: Statement<number>;
  readonly #sum: Statement<WithheldSum>;
  readonly #remove: Statement<never>;

  constructor(db: Database) {
    this.#any = db
      .prepare<number>("SELECT EXISTS (SELECT 1 FROM withheld)")
      .pluck();
    this.#rule = db
      .prepare<WithheldRule>(
        "SELECT rule FROM withheld WHERE addr = ? AND prefix = ? AND until > ?",
      )
      .pluck();
    this.#add = db.prepare(
      "INSERT OR REPLACE INTO withheld VALUES (?, ?, ?, ?, ?)",
    );
    this.#over = db.prepare(
      "SELECT addr, prefix FROM withheld WHERE until <= ? LIMIT ?",
    );
    this.#of = db.prepare(
      "SELECT addr, prefix FROM withheld WHERE rule = ? LIMIT ?",
    );
    this.#count = db
      .prepare<number>("SELECT count(*) FROM withheld WHERE rule = ?")
      .pluck();
    this.#sum = db.prepare(
      `SELECT count(*) AS ranges, max(until) AS until FROM withheld
       WHERE until > ?`,
    );
    this.#remove = db.prepare(
      "DELETE FROM withheld WHERE addr = ? AND prefix = ?",
    );
  }

  /** Whether any range is withheld at all. */
  any(): boolean {
    return this.#any.get() === 1;
  }

  /** The rule that holds what a feed orders for the range, if one does. */
  rule({ address, prefix }: Cidr, now: UnixSeconds): WithheldRule | undefined {
    return this.#rule.get(address, prefix, now);
  }

  /** The rule that holds a recorded ban, if one does; of the host's own only those withheld. */
  ruleOf(
    { feed, cidr, held }: AskedBan,
    now: UnixSeconds,
  ): WithheldRule | undefined {
    if (feed === "local" && !isWithheldRule(held)) return undefined;
    return this.rule(cidr, now);
  }

  add(
    { address, prefix }: Cidr,
    rule: WithheldRule,
    { now, until }: { readonly now: UnixSeconds; readonly until: UnixSeconds },
  ): void {
    this.#add.run(address, prefix, rule, now, until);
  }

  /** Ranges that have been withheld for long enough, at most so many. */
  over(now: UnixSeconds, limit: number): readonly Cidr[] {
    return this.#over.all(now, limit).map(cidrOfRow);
  }

  /** Some of those that a rule holds. */
  of(rule: WithheldRule, limit: number): readonly Cidr[] {
    return this.#of.all(rule, limit).map(cidrOfRow);
  }

  count(rule: WithheldRule): number {
    return this.#count.get(rule) ?? 0;
  }

  /** All of it, and until when the last of it; undefined for none. */
  sum(now: UnixSeconds): WithheldSum | undefined {
    const sum = this.#sum.get(now);
    return sum === undefined || sum.ranges === 0 ? undefined : sum;
  }

  remove({ address, prefix }: Cidr): void {
    this.#remove.run(address, prefix);
  }
}
