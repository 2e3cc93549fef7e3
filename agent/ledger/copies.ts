import { ALLOWED_BY_POLICY } from "../guard/guard.js";
import type { Family } from "../model/cidr.js";
import { familyOf, type FeedName } from "../model/position.js";
import { RING_WAITS } from "../model/rings.js";
import type { Database, Statement } from "./database.js";
import type { HeldCount, RangeRow } from "./rows.js";

/** How many bans a feed has, those that ran out but are not purged included. */
export interface FeedCount {
  readonly feed: FeedName;
  readonly bans: number;
  /** Of these, the ones that a guard stopped. */
  readonly held: number;
  /** Of the others, those that are counted and reported, not dropped. */
  readonly observed: number;
}

/**
 * How much of each family's addresses the enforced bans cover, from 0 to 1; what
 * two of them cover counts twice.
 */
export interface Space {
  readonly space4: number;
  readonly space6: number;
}

/** How much a feed has in force, beside all of them. */
export interface FeedTotals {
  /** Bans of all feeds that are in the kernel, dropped or observed. */
  readonly all: number;
  /** Those of the feed that are dropped. */
  readonly own: number;
  /** Those of the feed that are observed. */
  readonly ownObserved: number;
  /** The feed's share of each family's addresses. */
  readonly space: Readonly<Record<Family, number>>;
  /** The share of an org's other feeds, where the feed is one of an org's. */
  readonly spaceBeside: Readonly<Record<Family, number>>;
  /** Whether nothing of the feed was ever taken in. */
  readonly isNew: boolean;
}

/** What bans come to that were added to a copy, less those that left it. */
export class Growth {
  bans = 0;
  held = 0;
  /** Of the held ones, those that wait for this host's ring. */
  waiting = 0;
  /** Of the held ones, those that the customer's policy lets through. */
  allowed = 0;
  observed = 0;
  space4 = 0;
  space6 = 0;

  add(ban: Counted): void {
    this.#count(ban, 1);
  }

  remove(ban: Counted): void {
    this.#count(ban, -1);
  }

  /** One takes the place of another on the range; either may be none. */
  replace(
    { addr, prefix }: RangeRow,
    before: Omit<Counted, keyof RangeRow> | undefined,
    after: Omit<Counted, keyof RangeRow> | undefined,
  ): void {
    if (before !== undefined) this.remove({ ...before, addr, prefix });
    if (after !== undefined) this.add({ ...after, addr, prefix });
  }

  #count({ addr, prefix, held, observed }: Counted, sign: 1 | -1): void {
    this.bans += sign;
    if (held === RING_WAITS) this.waiting += sign;
    if (held === ALLOWED_BY_POLICY) this.allowed += sign;
    if (held !== null) this.held += sign;
    else if (observed !== 0) this.observed += sign;
    else if (addr.length === 4) this.space4 += sign * 2 ** -prefix;
    else this.space6 += sign * 2 ** -prefix;
  }
}

/** Of a ban as it is stored: what decides where it counts. */
export interface Counted extends RangeRow {
  readonly held: string | null;
  readonly observed: number;
}

/**
 * Copies of a feed's bans. At most one of a feed's is current; a snapshot is
 * loaded into a staging one, and what was current before is then retired.
 */
export class Copies {
  readonly #current: Statement<number>;
  readonly #allCurrent: Statement<CopyRow>;
  readonly #state: Statement<string>;
  readonly #retired: Statement<number>;
  readonly #staging: Statement<number>;
  readonly #make: Statement<never>;
  readonly #change: Statement<never>;
  readonly #retireStaging: Statement<never>;
  readonly #retireAllStaging: Statement<never>;
  readonly #retireUnfinished: Statement<never>;
  /** Copies up to this one were there before this process. */
  readonly #newestInherited: number;
  readonly #count: Statement<never>;
  readonly #held: Statement<number>;
  readonly #waiting: Statement<number>;
  readonly #allowed: Statement<number>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    this.#current = db
      .prepare<number>(
        "SELECT id FROM copies WHERE feed = ? AND state = 'current'",
      )
      .pluck();
    this.#allCurrent = db.prepare(
      `SELECT id, feed, bans, held, observed, space4, space6 FROM copies
       WHERE state = 'current' ORDER BY feed`,
    );
    this.#state = db
      .prepare<string>("SELECT state FROM copies WHERE id = ?")
      .pluck();
    this.#retired = db
      .prepare<number>("SELECT min(id) FROM copies WHERE state = 'retired'")
      .pluck();
    this.#staging = db
      .prepare<number>("SELECT min(id) FROM copies WHERE state = 'staging'")
      .pluck();
    this.#make = db.prepare("INSERT INTO copies (feed, state) VALUES (?, ?)");
    this.#change = db.prepare("UPDATE copies SET state = ? WHERE id = ?");
    this.#retireStaging = db.prepare(
      "UPDATE copies SET state = 'retired' WHERE state = 'staging' AND feed = ?",
    );
    this.#retireAllStaging = db.prepare(
      "UPDATE copies SET state = 'retired' WHERE state = 'staging'",
    );
    this.#retireUnfinished = db.prepare(
      "UPDATE copies SET state = 'retired' WHERE state = 'staging' AND id <= ?",
    );
    this.#count = db.prepare(
      `UPDATE copies
       SET bans = bans + ?, held = held + ?, observed = observed + ?,
         space4 = max(0, space4 + ?), space6 = max(0, space6 + ?)
       WHERE id = ?`,
    );
    this.#held = db
      .prepare<number>("SELECT held FROM copies WHERE id = ?")
      .pluck();
    this.#waiting = db.prepare<number>(WAITING).pluck();
    this.#allowed = db.prepare<number>(ALLOWED).pluck();
    this.#forget = db.prepare("DELETE FROM copies WHERE id = ?");
    const newest = "SELECT ifnull(max(id), 0) FROM copies";
    this.#newestInherited = db.read(
      () => db.prepare<number>(newest).pluck().get() ?? 0,
    );
  }

  current(feed: FeedName): number | undefined {
    return this.#current.get(feed);
  }

  /** The current copy of a feed; a new feed gets an empty one. */
  openCurrent(feed: FeedName): number {
    return this.current(feed) ?? this.#new(feed, "current");
  }

  /** Every current copy, by the name of its feed. */
  allCurrent(): readonly CopyRow[] {
    return this.#allCurrent.all();
  }

  counts(): readonly FeedCount[] {
    return this.allCurrent().map(({ feed, bans, held, observed }) => ({
      feed,
      bans,
      held,
      observed,
    }));
  }

  standing(feed: FeedName): FeedTotals {
    const copies = this.allCurrent();
    const own = copies.find((copy) => copy.feed === feed);
    const kin = copies.filter(
      (copy) => copy !== own && familyOf(copy.feed) === familyOf(feed),
    );
    return {
      all: copies.reduce((sum, copy) => sum + copy.bans - copy.held, 0),
      own: own ? own.bans - own.held - own.observed : 0,
      ownObserved: own?.observed ?? 0,
      space: { 4: own?.space4 ?? 0, 6: own?.space6 ?? 0 },
      spaceBeside: {
        4: kin.reduce((sum, { space4 }) => sum + space4, 0),
        6: kin.reduce((sum, { space6 }) => sum + space6, 0),
      },
      isNew: own === undefined,
    };
  }

  /** A new copy to load a snapshot into, instead of any the feed had begun. */
  stage(feed: FeedName): number {
    this.#retireStaging.run(feed);
    return this.#new(feed, "staging");
  }

  /** Whatever is on its way in has to be begun again. */
  retireStaging(): void {
    this.#retireAllStaging.run();
  }

  isStaging(copy: number): boolean {
    return this.#state.get(copy) === "staging";
  }

  /** Whether a snapshot is on its way in. */
  anyStaging(): boolean {
    return typeof this.#staging.get() === "number";
  }

  /** Retires what a crash kept from being adopted: nobody will go on with it. */
  retireUnfinished(): void {
    this.#retireUnfinished.run(this.#newestInherited);
  }

  retire(copy: number): void {
    this.#change.run("retired", copy);
  }

  makeCurrent(copy: number): void {
    this.#change.run("current", copy);
  }

  retired(): number | undefined {
    return this.#retired.get() ?? undefined;
  }

  /** Takes note of what a copy has more, or less. */
  count(copy: number, growth: Growth): void {
    const { bans, held, observed, space4, space6 } = growth;
    this.#count.run(bans, held, observed, space4, space6, copy);
  }

  /** How many bans of a copy are held; looks at those that wait, or are let through. */
  held(copy: number): HeldCount {
    return {
      held: this.#held.get(copy) ?? 0,
      waiting: this.#waiting.get(copy) ?? 0,
      allowed: this.#allowed.get(copy) ?? 0,
    };
  }

  /** Of all current copies; looks at the same. */
  allHeld(): HeldCount {
    const all = this.allCurrent().map(({ id }) => this.held(id));
    return {
      held: all.reduce((sum, each) => sum + each.held, 0),
      waiting: all.reduce((sum, each) => sum + each.waiting, 0),
      allowed: all.reduce((sum, each) => sum + each.allowed, 0),
    };
  }

  /** Forgets a copy that has no ban left. */
  forget(copy: number): void {
    this.#forget.run(copy);
  }

  #new(feed: FeedName, state: "staging" | "current"): number {
    return Number(this.#make.run(feed, state).lastInsertRowid);
  }
}

export interface CopyRow extends FeedCount, Space {
  readonly id: number;
}

const WAITING = `SELECT count(*) FROM bans INDEXED BY waiting_bans
  WHERE copy = ? AND held = '${RING_WAITS}'`;

const ALLOWED = `SELECT count(*) FROM bans INDEXED BY allowed_bans
  WHERE copy = ? AND held = '${ALLOWED_BY_POLICY}'`;
