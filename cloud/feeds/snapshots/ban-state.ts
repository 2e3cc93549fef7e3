import type { Ban } from "../../../agent/model/ban.js";
import {
  cidrOf,
  maskOf,
  type Cidr,
  type Family,
} from "../../../agent/model/cidr.js";
import {
  hashFromHex,
  type FeedName,
  type Position,
} from "../../../agent/model/position.js";
import type { RingTimes } from "../../../agent/model/rings.js";
import { limits } from "../../../agent/protocol/limits.js";
import type { Group } from "../../../agent/protocol/snapshot.js";
import type { Database, Statement } from "../../journal/database.js";

/** The bans that a feed's history comes to. */
export class BanState {
  readonly #position: Statement<PositionRow>;
  readonly #purge: Statement<never>;
  readonly #purgeLists: Statement<never>;
  readonly #counts: Statement<BanCounts & { feed: FeedName }>;
  readonly #groups: Statement<GroupRow>;
  readonly #bans: Statement<BanRow>;
  readonly #expiry: Statement<number>;

  constructor(database: Database) {
    this.#position = database.prepare(
      "SELECT id, feed, epoch, last AS offset, hash FROM positions WHERE feed = ?",
    );
    this.#purge = database.prepare("DELETE FROM bans WHERE expires_at <= ?");
    this.#purgeLists = database.prepare(
      "DELETE FROM listed WHERE expires_at <= ?",
    );
    this.#counts = database.prepare(
      `SELECT p.feed, count(b.feed) AS bans, total(b.observed) AS observed
       FROM positions p LEFT JOIN bans b ON b.feed = p.id
       GROUP BY p.feed ORDER BY p.feed`,
    );
    this.#groups = database.prepare(
      `SELECT DISTINCT family, prefix, observed, rings_until > @now AS ringed
       FROM bans WHERE feed = @feed ORDER BY family, prefix, observed, ringed`,
    );
    this.#bans = database.prepare(
      `SELECT address, expires_at AS expiresAt, text AS reason,
         iif(@ringed, rings, NULL) AS rings
       FROM bans JOIN reasons ON reasons.id = bans.reason
       WHERE feed = @feed AND family = @family AND prefix = @prefix
         AND observed = @observed AND (rings_until > @now) = @ringed
         AND expires_at > @now
       ORDER BY address`,
    );
    this.#expiry = database
      .prepare<unknown[], number>(
        `SELECT expires_at FROM bans
         WHERE feed = ? AND family = ? AND prefix = ? AND address = ?
           AND observed = 0`,
      )
      .pluck();
  }

  position(feed: FeedName): Position {
    const { epoch, offset, hash } = this.#row(feed);
    return { feed, epoch, offset, hash: hashFromHex(hash) };
  }

  /** Forgets what expired long ago, should the clock have been wrong. */
  purge(unixNow: number): void {
    this.#purge.run(unixNow - CLOCK_MARGIN_S);
    this.#purgeLists.run(unixNow - CLOCK_MARGIN_S);
  }

  feeds(): readonly FeedName[] {
    return this.#counts.all().map(({ feed }) => feed);
  }

  counts(): Readonly<Record<string, BanCounts>> {
    return Object.fromEntries(
      this.#counts.all().map(({ feed, ...counts }) => [feed, counts]),
    );
  }

  /**
   * The latest expiry among the bans that cover the range; 0 without any. Those
   * that are only observed cover nothing.
   */
  coveredUntil(feed: FeedName, { family, prefix, address }: Cidr): number {
    const { id } = this.#row(feed);
    let until = 0;
    for (let length = prefix; length > 0; length--) {
      const mask = maskOf(family, length);
      const network = address.map((byte, i) => byte & (mask[i] ?? 0));
      const expiry = this.#expiry.get(id, family, length, network) ?? 0;
      until = Math.max(until, expiry);
    }
    return until;
  }

  /**
   * Bans that have not expired, sorted as snapshots are; at most
   * `limits.reasons` different reasons.
   */
  *groups(feed: FeedName, unixNow: number): Generator<Group> {
    const { id } = this.#row(feed);
    const reasons = new FewReasons();
    const at = { feed: id, now: unixNow };
    for (const row of this.#groups.all(at)) {
      const { family, prefix } = row;
      const kind = { observed: row.observed === 1, ringed: row.ringed === 1 };
      const rows = this.#bans.iterate({ ...at, ...row });
      const bans = bansOf(rows, prefix, reasons);
      yield { family, prefix, ...kind, bans };
    }
  }

  #row(feed: FeedName): PositionRow {
    const row = this.#position.get(feed);
    if (row === undefined) throw new Error(`${feed} was never begun`);
    return row;
  }
}

/** How many bans a feed has, and how many of them are only observed. */
export interface BanCounts {
  readonly bans: number;
  readonly observed: number;
}

/** A wall clock that jumps ahead for less than a day costs no ban. */
const CLOCK_MARGIN_S = 24 * 60 * 60;

interface PositionRow {
  readonly id: number;
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly hash: string;
}

interface GroupRow {
  readonly family: Family;
  readonly prefix: number;
  readonly observed: 0 | 1;
  /** Hosts still wait for a ring. */
  readonly ringed: 0 | 1;
}

interface BanRow {
  readonly address: Buffer;
  readonly expiresAt: number;
  readonly reason: string;
  readonly rings: string | null;
}

/** A snapshot has room for so many; a ban counts more than its reason. */
class FewReasons {
  readonly #seen = new Set<string>([""]);

  keep(reason: string): string {
    if (this.#seen.has(reason)) return reason;
    if (this.#seen.size >= limits.reasons) return "";
    this.#seen.add(reason);
    return reason;
  }
}

function* bansOf(
  rows: Iterable<BanRow>,
  prefix: number,
  reasons: FewReasons,
): Generator<Omit<Ban, "observed">> {
  for (const { address, expiresAt, reason, rings } of rows) {
    yield {
      cidr: cidrOf(address, prefix),
      expiresAt,
      reason: reasons.keep(reason),
      ...(rings !== null && { rings: JSON.parse(rings) as RingTimes }),
    };
  }
}
