import { ALLOWED_BY_POLICY, HELD_BY_POLICY } from "../guard/guard.js";
import type { FeedName } from "../model/position.js";
import { RING_WAITS } from "../model/rings.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";
import type { HeldCount } from "./rows.js";
import type { FoundBan, StoredBan } from "./stored.js";
import { NOT_CONFIRMED } from "./trials.js";
import { ROLLED_BACK } from "./withheld.js";

/** So many held bans of a feed are remembered; each takes some 100 bytes. */
export const MOST_HELD = 10_000;

/**
 * And so many beside them that wait for this host's ring: they are to come into
 * force, where the limits of the feed let them.
 */
export const MOST_WAITING = 200_000;

/** And so many that the customer's policy lets through, to be in force after. */
export const MOST_ALLOWED = 200_000;

/**
 * Decides which held bans are remembered, for one change of a feed: what goes
 * beyond the bound is counted by its rule, and nothing is kept of it. Nobody can
 * bring into force later what is not kept, so what somebody may ask for, a change
 * that was taken back or rolled back, is; it was in force, and bounded, before. So is
 * what a policy holds, which names each of the ranges: it comes back by itself.
 */
export class HeldRoom {
  readonly #unkept = new Map<string, number>();

  /** Whether the ban is stored, beside so many of its copy that are held now. */
  takes(
    { held }: StoredBan,
    before: Pick<FoundBan, "held"> | undefined,
    now: HeldCount,
  ): boolean {
    if (held === null || ALWAYS_KEPT.has(held)) return true;
    const isInPlace = before !== undefined && before.held !== null;
    if (isInPlace || hasRoom(held, now)) return true;
    this.#unkept.set(held, (this.#unkept.get(held) ?? 0) + 1);
    return false;
  }

  /** By the rule that held them. */
  get unkept(): ReadonlyMap<string, number> {
    return this.#unkept;
  }
}

const ALWAYS_KEPT: ReadonlySet<string> = new Set([
  ...[NOT_CONFIRMED, ROLLED_BACK, HELD_BY_POLICY],
]);

/** Beside those that are held already, each kind has a room of its own. */
function hasRoom(rule: string, { held, waiting, allowed }: HeldCount): boolean {
  if (rule === RING_WAITS) return waiting < MOST_WAITING;
  if (rule === ALLOWED_BY_POLICY) return allowed < MOST_ALLOWED;
  return held - waiting - allowed < MOST_HELD;
}

/** How many held bans were not remembered, by feed and rule. */
export interface UnkeptCount {
  readonly feed: FeedName;
  readonly rule: string;
  readonly bans: number;
}

/** Held bans that nothing is known of but how many there were. */
export class Unkept {
  readonly #add: Statement<never>;
  readonly #all: Statement<UnkeptCount>;
  readonly #end: Statement<never>;

  constructor(db: Database) {
    this.#add = db.prepare(
      `INSERT INTO unkept VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET bans = bans + excluded.bans,
         last = excluded.last`,
    );
    this.#all = db.prepare(
      `SELECT feed, rule, unkept.bans FROM unkept
         JOIN copies ON copies.id = copy
       WHERE state = 'current' ORDER BY feed, rule`,
    );
    this.#end = db.prepare("DELETE FROM unkept WHERE last <= ?");
  }

  /** Part of the transaction of a change of this copy. */
  add(copy: number, { unkept }: HeldRoom, now: UnixSeconds): void {
    for (const [rule, count] of unkept) this.#add.run(copy, rule, count, now);
  }

  all(): readonly UnkeptCount[] {
    return this.#all.all();
  }

  /** Nobody need know any longer of what was held last by then. */
  end(by: number): void {
    this.#end.run(by);
  }
}
