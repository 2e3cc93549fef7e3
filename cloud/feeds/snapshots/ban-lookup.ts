import type { Ban } from "../../../agent/model/ban.js";
import {
  bits,
  cidrOf,
  lastAddressOf,
  widened,
  type Cidr,
  type Family,
} from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { RingTimes } from "../../../agent/model/rings.js";
import type { Database, Statement } from "../../journal/database.js";

/** A ban of a feed that has not expired, and which decision it is of. */
export interface StandingBan extends Ban {
  readonly feed: FeedName;
  readonly decision: string;
}

/** How far a fold over the journal has come with a feed. */
export interface FoldedTo {
  readonly epoch: string;
  readonly offset: number;
}

/**
 * Finds bans in their tables by the key that these are sorted by: a look costs
 * some microseconds for each prefix length that the feed has, however many bans
 * there are. Every `now` is in Unix seconds.
 */
export class BanLookup {
  readonly #feeds: Statement<FeedRow>;
  readonly #nextWidth: Statement<number | null>;
  readonly #exact: Statement<Row>;
  readonly #page: Statement<Row>;
  readonly #count: Statement<number>;

  constructor(database: Database) {
    this.#feeds = database.prepare(
      "SELECT id, feed, epoch, last AS offset FROM positions ORDER BY feed",
    );
    this.#nextWidth = database
      .prepare<unknown[], number | null>(
        "SELECT min(prefix) FROM bans WHERE feed = ? AND family = ? AND prefix > ?",
      )
      .pluck();
    this.#exact = database.prepare(
      `${BANS} WHERE feed = ? AND family = ? AND prefix = ? AND address = ?
         AND expires_at > ?`,
    );
    this.#page = database.prepare(
      `${BANS} WHERE feed = ? AND family = ? AND prefix = ?
         AND address >= ? AND address <= ? AND expires_at > ?
       ORDER BY address LIMIT ?`,
    );
    this.#count = database
      .prepare<unknown[], number>(
        `SELECT count(*) FROM (SELECT 1 FROM bans
         WHERE feed = ? AND family = ? AND prefix = ?
           AND address >= ? AND address <= ? AND expires_at > ? LIMIT ?)`,
      )
      .pluck();
  }

  /** The feeds that were begun, and how far each is folded. */
  feeds(): ReadonlyMap<FeedName, FeedRef & FoldedTo> {
    return new Map(this.#feeds.all().map((row) => [row.feed, row]));
  }

  /** The prefix lengths of the feed's bans, those that expired included. */
  widths(feed: number, family: Family): readonly number[] {
    const found: number[] = [];
    for (let last = 0; ;) {
      const next = this.#nextWidth.get(feed, family, last) ?? null;
      if (next === null) return found;
      found.push(next);
      last = next;
    }
  }

  /** The ban on exactly this range. */
  exact(
    { id, feed }: FeedRef,
    { family, prefix, address }: Cidr,
    now: number,
  ): StandingBan | undefined {
    const row = this.#exact.get(id, family, prefix, address, now);
    return row && banOf(feed, row);
  }

  /**
   * Bans on `range` and in it, by prefix length and address, from `from` on.
   * They come page by page: whoever takes them may let others have a turn.
   */
  *within(
    feed: FeedRef,
    range: Cidr,
    now: number,
    from?: Cidr,
  ): Generator<StandingBan> {
    for (const prefix of this.widths(feed.id, range.family)) {
      if (prefix < Math.max(range.prefix, from?.prefix ?? 0)) continue;
      const high = lastAddressOf(range).address;
      let low = prefix === from?.prefix ? from.address : range.address;
      for (;;) {
        const key = [feed.id, range.family, prefix, low, high, now];
        const rows = this.#page.all(...key, PAGE);
        for (const row of rows) yield banOf(feed.feed, row);
        const last = rows.at(-1);
        const next = last && addressBehind(last.address, prefix);
        if (rows.length < PAGE || next === undefined) break;
        low = next;
      }
    }
  }

  /** How many bans lie on the range and in it; stops to count at `most`. */
  count(feed: FeedRef, range: Cidr, now: number, most = Infinity): number {
    let found = 0;
    const limit = most === Infinity ? -1 : most;
    const high = lastAddressOf(range).address;
    for (const prefix of this.widths(feed.id, range.family)) {
      if (prefix < range.prefix) continue;
      const key = [feed.id, range.family, prefix, range.address, high, now];
      found += this.#count.get(...key, limit) ?? 0;
      if (found >= most) return most;
    }
    return found;
  }
}

/** A feed by its name, and by its number in the tables. */
export interface FeedRef {
  readonly id: number;
  readonly feed: FeedName;
}

/** Everything of a family. */
export const allOf = (family: Family): Cidr => ({
  family,
  address: new Uint8Array(bits(family) / 8),
  prefix: 0,
});

interface FeedRow extends FeedRef, FoldedTo {}

interface Row {
  readonly address: Buffer;
  readonly prefix: number;
  readonly expiresAt: number;
  readonly observed: 0 | 1;
  readonly reason: string;
  readonly decision: string;
  readonly rings: string | null;
}

const BANS = `
  SELECT address, prefix, expires_at AS expiresAt, observed, rings,
    (SELECT text FROM reasons WHERE id = reason) AS reason,
    (SELECT text FROM decisions WHERE id = decision) AS decision
  FROM bans`;

/** Some milliseconds of reading. */
const PAGE = 1_000;

const banOf = (feed: FeedName, row: Row): StandingBan => ({
  feed,
  cidr: cidrOf(row.address, row.prefix),
  expiresAt: row.expiresAt,
  observed: row.observed === 1,
  reason: row.reason,
  decision: row.decision,
  ...(row.rings !== null && { rings: JSON.parse(row.rings) as RingTimes }),
});

/** The first address behind a range; undefined where the family ends. */
function addressBehind(
  address: Uint8Array,
  prefix: number,
): Uint8Array | undefined {
  const range = cidrOf(address, prefix);
  const next = Uint8Array.from(lastAddressOf(range).address);
  for (let i = next.length - 1; i >= 0; i--) {
    const byte = (next[i] ?? 0) + 1;
    next[i] = byte & 0xff;
    if (byte < 256) return next;
  }
  return undefined;
}

/** The ranges of these prefix lengths that hold a range, the widest first. */
export const around = (
  range: Cidr,
  widths: Iterable<number>,
): readonly Cidr[] =>
  [...widths]
    .filter((width) => width <= range.prefix)
    .sort((a, b) => a - b)
    .map((width) => widened(range, width));
