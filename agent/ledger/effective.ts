import type { Cidr } from "../model/cidr.js";
import type { Entry } from "../model/ruleset.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import { cidrOfRow, rowOfCidr, START, type RangeRow } from "./rows.js";

/**
 * What the kernel must hold: the union of every feed's current copy. Of a range
 * the longest enforced and the longest observed ban win, and held or expired
 * bans don't count.
 */
export class Effective {
  readonly #db: Database;
  readonly #copies: Copies;
  readonly #longest: Statement<Longest>;
  /** The statement that merges so many copies. */
  readonly #merging = new Map<number, Statement<EntryRow>>();

  constructor(db: Database, copies: Copies) {
    this.#db = db;
    this.#copies = copies;
    this.#longest = db.prepare(
      `SELECT max(expires_at) AS expires_at, observed FROM bans
       WHERE copy IN (SELECT id FROM copies WHERE state = 'current')
         AND addr = ? AND prefix = ? AND held IS NULL AND expires_at > ?
       GROUP BY observed`,
    );
  }

  /** None, or an enforced one, or an observed one, or both. */
  of(cidr: Cidr, now: number): readonly Entry[] {
    return this.#longest
      .all(cidr.address, cidr.prefix, now)
      .map(({ expires_at, observed }) => ({
        cidr,
        expiresAt: expires_at,
        observed: observed === 1,
      }));
  }

  /**
   * Everything, by address and prefix, at most `size` ranges at a time. Each slice is
   * read for itself, so that others may write in between: what they change of
   * the part already told has to be replayed afterwards.
   */
  *slices(size: number, now: number): Generator<readonly Entry[], void> {
    let after = START;
    for (;;) {
      const rows = this.#db.read(() => this.#rows(after, size, now));
      const entries = longestOfEach(rows);
      const last = entries.at(-1);
      if (last !== undefined) yield entries;
      if (last === undefined || rows.length < size) return;
      after = rowOfCidr(last.cidr);
    }
  }

  #rows(after: RangeRow, size: number, now: number): EntryRow[] {
    const copies = this.#copies.allCurrent().map(({ id }) => id);
    if (copies.length === 0) return [];
    const merge = this.#merge(copies.length);
    const rows = merge.all({ ...after, now, size }, ...copies);
    return rows.length < size ? rows : this.#completed(rows, now);
  }

  /** A full slice may end between two feeds' bans on one range. */
  #completed(rows: EntryRow[], now: number): EntryRow[] {
    const last = rows.at(-1);
    if (last === undefined) return rows;
    const { address, prefix } = entryOfRow(last).cidr;
    const longest = this.#longest.all(address, prefix, now);
    return [...rows, ...longest.map((each) => ({ ...last, ...each }))];
  }

  /**
   * SQLite merges the arms as it reads them, each in the order of its key.
   * Addresses come as text, which costs a third less memory than a Buffer each.
   */
  #merge(copies: number): Statement<EntryRow> {
    let statement = this.#merging.get(copies);
    if (statement === undefined) {
      const arm = `SELECT addr, prefix, expires_at, observed FROM bans
        WHERE copy = ? AND (addr, prefix) > (:addr, :prefix)
          AND held IS NULL AND expires_at > :now`;
      const arms = Array<string>(copies).fill(arm).join(" UNION ALL ");
      statement = this.#db.prepare<EntryRow>(
        `SELECT hex(addr) AS hex, prefix, expires_at, observed
         FROM (${arms} ORDER BY addr, prefix LIMIT :size)`,
      );
      this.#merging.set(copies, statement);
    }
    return statement;
  }
}

interface Longest {
  readonly expires_at: number;
  readonly observed: 0 | 1;
}

interface EntryRow extends Longest {
  readonly hex: string;
  readonly prefix: number;
}

/** Folds neighbours that are the same range, and alike observed or not, into one. */
function longestOfEach(rows: readonly EntryRow[]): Entry[] {
  const longest: EntryRow[] = [];
  for (const row of rows) {
    // A range has two at most, so that its other one may stand between.
    const back = isRival(longest.at(-1), row) ? -1 : -2;
    const rival = longest.at(back);
    if (!isRival(rival, row)) longest.push(row);
    else if (row.expires_at > rival.expires_at) longest.splice(back, 1, row);
  }
  return longest.map(entryOfRow);
}

const isRival = (one: EntryRow | undefined, other: EntryRow): one is EntryRow =>
  one?.hex === other.hex &&
  one.prefix === other.prefix &&
  one.observed === other.observed;

function entryOfRow(row: EntryRow): Entry {
  const { hex, prefix, expires_at: expiresAt } = row;
  const addr = new Uint8Array(Buffer.from(hex, "hex"));
  const cidr = cidrOfRow({ addr, prefix });
  return { cidr, expiresAt, observed: row.observed === 1 };
}
