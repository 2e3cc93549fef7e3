import { lastAddressOf, maskOf, type Cidr } from "../model/cidr.js";
import type { FeedName } from "../model/position.js";
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
         recorded_at
       FROM ${table} CROSS JOIN reasons ON reasons.id = bans.reason
       WHERE copy = ? AND expires_at > ?`;
    this.#on = db.prepare(`${bansFrom("bans")} AND addr = ? AND prefix = ?`);
    // Addresses of the other family stand in between: they sort as bytes.
    this.#within = db.prepare(
      `${bansFrom("bans")} AND addr BETWEEN ? AND ? AND length(addr) = ?
       AND prefix > ? ORDER BY addr, prefix LIMIT ?`,
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
  covering(cidr: Cidr, now: number): readonly DatedBan[] {
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
  within(cidr: Cidr, now: number, limit: number): readonly DatedBan[] {
    const { address, prefix } = cidr;
    const last = lastAddressOf(cidr).address;
    const found: DatedBan[] = [];
    for (const { id, feed } of this.#copies.allCurrent()) {
      const place = [address, last, address.length, prefix];
      for (const row of this.#within.all(id, now, ...place, limit)) {
        found.push(datedBanOfRow(feed, row));
      }
    }
    return found.slice(0, limit);
  }

  /** A page of bans by feed and range; a short one is the last. */
  list(page: Page, now: number): readonly RecordedBan[] {
    return this.#pageOf(this.#page, page, now);
  }

  /** Those that a guard stopped, likewise. */
  held(page: Page, now: number): readonly HeldBan[] {
    return this.#pageOf(this.#held, page, now).filter(isHeld);
  }

  /** How many bans of a feed have not run out; looks at all of them. */
  running(feed: FeedName, now: number): number {
    const copy = this.#copies.current(feed);
    return copy === undefined ? 0 : (this.#running.get(copy, now) ?? 0);
  }

  #pageOf(
    statement: Statement<BanRow>,
    { feed, after, limit }: Page,
    now: number,
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
}

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
