import {
  compareCidrs,
  lastAddressOf,
  maskOf,
  type Cidr,
} from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import {
  banOfRow,
  datedBanOfRow,
  rowOfCidr,
  START,
  type BanRow,
  type DatedBan,
  type DatedRow,
  type HeldBan,
  type RecordedBan,
} from "./rows.js";

/** Which bans to list: a page of one feed, or of all, feed by feed. */
export interface Page {
  readonly feed?: FeedName;
  /** Only bans on this range, on one around it, or on a part of it. */
  readonly about?: Cidr;
  /** Only those that a guard stopped. */
  readonly held?: boolean;
  /** The last ban of the page before. */
  readonly after?: Pick<RecordedBan, "feed" | "cidr">;
  readonly limit: number;
}

/** Bans as people ask for them. */
export class Lookup {
  readonly #copies: Copies;
  readonly #on: Statement<DatedRow>;
  readonly #within: Statement<DatedRow>;
  readonly #page: Statement<BanRow>;
  readonly #held: Statement<BanRow>;
  readonly #running: Statement<number>;

  constructor(db: Database, copies: Copies) {
    this.#copies = copies;
    const bansFrom = (table: string) =>
      `SELECT addr, prefix, expires_at, text AS reason, held, observed,
         recorded_at, ring_at, by_sensor
       FROM ${table} CROSS JOIN reasons ON reasons.id = bans.reason
       WHERE copy = ? AND expires_at > ?`;
    this.#on = db.prepare(`${bansFrom("bans")} AND addr = ? AND prefix = ?`);
    // Addresses of the other family stand in between: they sort as bytes.
    this.#within = db.prepare(
      `${bansFrom("bans")} AND addr BETWEEN ? AND ? AND length(addr) = ?
       AND prefix > ? AND (? = 0 OR held IS NOT NULL)
       AND (addr, prefix) > (?, ?) ORDER BY addr, prefix LIMIT ?`,
    );
    this.#page = db.prepare(
      `${bansFrom("bans")} AND (addr, prefix) > (?, ?)
       ORDER BY addr, prefix LIMIT ?`,
    );
    this.#running = db
      .prepare<number>(
        "SELECT count(*) FROM bans WHERE copy = ? AND expires_at > ?",
      )
      .pluck();
    // Left to itself, SQLite looks for the few held among all of them.
    this.#held = db.prepare(
      `${bansFrom("bans INDEXED BY held_bans")} AND held IS NOT NULL
       AND (addr, prefix) > (?, ?)
       ORDER BY addr, prefix LIMIT ?`,
    );
  }

  /** Every feed's bans on the range or on one around it, the narrowest first. */
  covering(cidr: Cidr, now: UnixSeconds): readonly DatedBan[] {
    const copies = this.#copies.allCurrent();
    return around(cidr).flatMap(({ address, prefix }) =>
      copies.flatMap(({ id, feed }) =>
        this.#on
          .all(id, now, address, prefix)
          .map((row) => datedBanOfRow(feed, row)),
      ),
    );
  }

  /** Every feed's bans on parts of the range, feed by feed. */
  within(cidr: Cidr, now: UnixSeconds, limit: number): readonly DatedBan[] {
    const found: DatedBan[] = [];
    for (const { id, feed } of this.#copies.allCurrent()) {
      const place = [...spanOf(cidr), 0, START.addr, START.prefix];
      for (const row of this.#within.all(id, now, ...place, limit)) {
        found.push(datedBanOfRow(feed, row));
      }
    }
    return found.slice(0, limit);
  }

  /** A page of bans by feed and range; a short one is the last. */
  list(page: Page, now: UnixSeconds): readonly RecordedBan[] {
    if (page.about) return this.#pageAbout(page.about, page, now);
    return this.#pageOf(this.#page, page, now);
  }

  /** A page of bans that a guard stopped; a short one is the last. */
  held(page: Page, now: UnixSeconds): readonly HeldBan[] {
    const bans = page.about
      ? this.#pageAbout(page.about, { ...page, held: true }, now)
      : this.#pageOf(this.#held, page, now);
    return bans.filter(isHeld);
  }

  /** How many bans of a feed have not run out; looks at all of them. */
  running(feed: FeedName, now: UnixSeconds): number {
    const copy = this.#copies.current(feed);
    return copy === undefined ? 0 : (this.#running.get(copy, now) ?? 0);
  }

  #pageOf(
    statement: Statement<BanRow>,
    { feed, after, limit }: Page,
    now: UnixSeconds,
  ): readonly RecordedBan[] {
    const page: RecordedBan[] = [];
    for (const copy of this.#copies.allCurrent()) {
      if (feed !== undefined && feed !== copy.feed) continue;
      if (after !== undefined && copy.feed < after.feed) continue;
      const goesOn = after?.feed === copy.feed;
      const { addr, prefix } = goesOn ? rowOfCidr(after.cidr) : START;
      const left = limit - page.length;
      for (const row of statement.all(copy.id, now, addr, prefix, left)) {
        page.push(banOfRow(copy.feed, row));
      }
    }
    return page;
  }

  /** A page of bans around a range, on it and within it; a short one is the last. */
  #pageAbout(
    about: Cidr,
    page: Page,
    now: UnixSeconds,
  ): readonly RecordedBan[] {
    const { after, limit } = page;
    const isMeant = (ban: RecordedBan) =>
      (page.feed === undefined || ban.feed === page.feed) &&
      (page.held !== true || ban.held !== undefined) &&
      (after === undefined || compareBans(after, ban) < 0);
    const found: RecordedBan[] = this.covering(about, now).filter(isMeant);
    for (const { id, feed } of this.#copies.allCurrent()) {
      if (page.feed !== undefined && page.feed !== feed) continue;
      if (after !== undefined && feed < after.feed) continue;
      const { addr, prefix } =
        after?.feed === feed ? rowOfCidr(after.cidr) : START;
      const held = Number(page.held === true);
      const place = [...spanOf(about), held, addr, prefix];
      for (const row of this.#within.all(id, now, ...place, limit)) {
        found.push(banOfRow(feed, row));
      }
    }
    return found.sort(compareBans).slice(0, limit);
  }
}

/** Where the parts of a range lie: what they may be called, and how long. */
const spanOf = (cidr: Cidr) => [
  cidr.address,
  lastAddressOf(cidr).address,
  cidr.address.length,
  cidr.prefix,
];

type Named = Pick<RecordedBan, "feed" | "cidr">;

const compareBans = (a: Named, b: Named): number =>
  a.feed === b.feed
    ? compareCidrs(a.cidr, b.cidr)
    : Number(a.feed > b.feed) - Number(a.feed < b.feed);

/** The range itself and all that contain it, the narrowest first. */
function around({ family, address, prefix }: Cidr): Cidr[] {
  return Array.from({ length: prefix + 1 }, (_, wider) => {
    const mask = maskOf(family, prefix - wider);
    return {
      family,
      address: address.map((byte, i) => byte & (mask[i] ?? 0)),
      prefix: prefix - wider,
    };
  });
}

const isHeld = (ban: RecordedBan): ban is HeldBan => ban.held !== undefined;
