import { entryCount, type Block } from "../model/block.js";
import type { Cidr } from "../model/cidr.js";
import type { Entry } from "../model/ruleset.js";
import type { UnixSeconds } from "../runtime/clock.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import { START, type RangeRow } from "./rows.js";

/**
 * What the kernel must hold: the union of every feed's current copy. Of a range
 * the longest enforced and the longest observed ban win, and held or expired
 * bans don't count, nor those whose trial is over and was not passed.
 */
export class Effective {
  readonly #db: Database;
  readonly #copies: Copies;
  readonly #longest: Statement<Longest>;
  /** The statement that packs the union of so many copies. */
  readonly #packing = new Map<number, Statement<BlockRow>>();

  constructor(db: Database, copies: Copies) {
    this.#db = db;
    this.#copies = copies;
    this.#longest = db.prepare(
      `SELECT max(${IN_FORCE_UNTIL}) AS expires_at, observed FROM bans
       WHERE copy IN (SELECT id FROM copies WHERE state = 'current')
         AND addr = ? AND prefix = ? AND held IS NULL AND ${IN_FORCE_UNTIL} > ?
       GROUP BY observed`,
    );
  }

  /** None, or an enforced one, or an observed one, or both. */
  of(cidr: Cidr, now: UnixSeconds): readonly Entry[] {
    return this.#longest
      .all(cidr.address, cidr.prefix, now)
      .map(({ expires_at, observed }) => ({
        cidr,
        expiresAt: expires_at,
        observed: observed === 1,
      }));
  }

  /**
   * Everything in the order of address and prefix, at most `size` entries at a
   * time, each slice packed by prefix length. Each is read for itself, so that
   * others may write in between: what they change of the part already told has
   * to be replayed afterwards.
   */
  *slices(size: number, now: UnixSeconds): Generator<readonly Block[], void> {
    let after: Place = { ...START, observed: 0 };
    for (;;) {
      const rows = this.#db.read(() => this.#rows(after, size, now));
      const blocks = rows.map(blockOf);
      if (blocks.length > 0) yield blocks;
      if (entryCount(blocks) < size) return;
      after = rows.map(lastOf).reduce((a, b) => (isAfter(a, b) ? a : b));
    }
  }

  #rows(after: Place, size: number, now: UnixSeconds): BlockRow[] {
    const copies = this.#copies.allCurrent().map(({ id }) => id);
    if (copies.length === 0) return [];
    const pack = this.#pack(copies.length);
    return pack.all({ ...after, now, size }, ...copies);
  }

  /** SQLite packs: a row object for each ban takes it three times as long. */
  #pack(copies: number): Statement<BlockRow> {
    let statement = this.#packing.get(copies);
    if (statement === undefined) {
      statement = this.#db.prepare<BlockRow>(
        `SELECT length(addr) AS width, prefix, observed,
           unhex(group_concat(hex(addr), '')) AS addresses,
           json_group_array(expires_at) AS expiries,
           max(addr) AS last
         FROM (${unionOf(copies)} LIMIT :size)
         GROUP BY width, prefix, observed`,
      );
      this.#packing.set(copies, statement);
    }
    return statement;
  }
}

/** Until when a ban is in force: as ordered, or for as long as its trial lasts. */
const IN_FORCE_UNTIL = `CASE WHEN trial IS NULL THEN expires_at
  ELSE min(expires_at,
    ifnull((SELECT until FROM trials WHERE trials.id = bans.trial), 0)) END`;

/**
 * The longest ban of each kind on each range, of so many copies. SQLite merges
 * the arms as it reads them, each in the order of its key; one alone has every
 * range once. An order of the whole, which grouping gives it anyway, would have
 * SQLite forget that of the arms, and sort all bans for every slice.
 */
function unionOf(copies: number): string {
  const arm = `SELECT addr, prefix, observed, ${IN_FORCE_UNTIL} AS expires_at
    FROM bans
    WHERE copy = ? AND (addr, prefix) >= (:addr, :prefix)
      AND (addr, prefix, observed) > (:addr, :prefix, :observed)
      AND held IS NULL AND ${IN_FORCE_UNTIL} > :now`;
  const order = "ORDER BY addr, prefix, observed";
  if (copies === 1) return `${arm} ${order}`;
  const arms = Array<string>(copies).fill(arm).join(" UNION ALL ");
  return `SELECT addr, prefix, observed, max(expires_at) AS expires_at
    FROM (${arms} ${order}) GROUP BY addr, prefix, observed`;
}

/** Where an entry stands: a range has up to two, the enforced one first. */
interface Place extends RangeRow {
  readonly observed: 0 | 1;
}

interface Longest {
  readonly expires_at: number;
  readonly observed: 0 | 1;
}

interface BlockRow {
  readonly width: number;
  readonly prefix: number;
  readonly observed: 0 | 1;
  readonly addresses: Uint8Array;
  /** A JSON array of numbers, in the order of the addresses. */
  readonly expiries: string;
  /** The highest of the addresses. */
  readonly last: Uint8Array;
}

function blockOf(row: BlockRow): Block {
  return {
    family: row.width === 4 ? 4 : 6,
    prefix: row.prefix,
    observed: row.observed === 1,
    addresses: row.addresses,
    expiries: JSON.parse(row.expiries) as number[],
  };
}

const lastOf = ({ last, prefix, observed }: BlockRow): Place => ({
  addr: last,
  prefix,
  observed,
});

function isAfter(a: Place, b: Place): boolean {
  const order = Buffer.compare(a.addr, b.addr) || a.prefix - b.prefix;
  return (order || a.observed - b.observed) > 0;
}
