import type { Cidr } from "../model/cidr.js";
import type { Entry } from "../model/ruleset.js";
import type { Copies } from "./copies.js";
import type { Database, Statement } from "./database.js";
import { cidrOfRow, rowOfCidr, START, type RangeRow } from "./rows.js";

/**
 * What the kernel must hold: the union of every feed's current copy. Of a range
 * the longest ban wins, and held or expired bans don't count.
 */
export class Effective {
  readonly #db: Database;
  readonly #copies: Copies;
  readonly #longest: Statement<number | null>;
  /** The statement that merges so many copies. */
  readonly #merging = new Map<number, Statement<EntryRow>>();

  constructor(db: Database, copies: Copies) {
    this.#db = db;
    this.#copies = copies;
    this.#longest = db
      .prepare<number | null>(
        `SELECT max(expires_at) FROM bans
         WHERE copy IN (SELECT id FROM copies WHERE state = 'current')
           AND addr = ? AND prefix = ? AND held IS NULL AND expires_at > ?`,
      )
      .pluck();
  }

  of(cidr: Cidr, now: number): Entry | undefined {
    const expiresAt = this.#longest.get(cidr.address, cidr.prefix, now);
    return expiresAt ? { cidr, expiresAt, observed: false } : undefined;
  }

  /**
   * Everything, by address and prefix, at most `size` at a time. Each slice is
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
    const entry = this.of(entryOfRow(last).cidr, now);
    const expires_at = entry?.expiresAt ?? last.expires_at;
    return [...rows.slice(0, -1), { ...last, expires_at }];
  }

  /**
   * SQLite merges the arms as it reads them, each in the order of its key.
   * Addresses come as text, which costs a third less memory than a Buffer each.
   */
  #merge(copies: number): Statement<EntryRow> {
    let statement = this.#merging.get(copies);
    if (statement === undefined) {
      const arm = `SELECT addr, prefix, expires_at FROM bans
        WHERE copy = ? AND (addr, prefix) > (:addr, :prefix)
          AND held IS NULL AND expires_at > :now`;
      const arms = Array<string>(copies).fill(arm).join(" UNION ALL ");
      statement = this.#db.prepare<EntryRow>(
        `SELECT hex(addr) AS hex, prefix, expires_at
         FROM (${arms} ORDER BY addr, prefix LIMIT :size)`,
      );
      this.#merging.set(copies, statement);
    }
    return statement;
  }
}

interface EntryRow {
  readonly hex: string;
  readonly prefix: number;
  readonly expires_at: number;
}

/** Folds neighbours that are the same range into one. */
function longestOfEach(rows: readonly EntryRow[]): Entry[] {
  const longest: EntryRow[] = [];
  for (const row of rows) {
    const last = longest.at(-1);
    const isAnother = last?.hex !== row.hex || last.prefix !== row.prefix;
    if (isAnother) longest.push(row);
    else if (row.expires_at > last.expires_at) longest.splice(-1, 1, row);
  }
  return longest.map(entryOfRow);
}

function entryOfRow({ hex, prefix, expires_at }: EntryRow): Entry {
  const addr = new Uint8Array(Buffer.from(hex, "hex"));
  const cidr = cidrOfRow({ addr, prefix });
  return { cidr, expiresAt: expires_at, observed: false };
}
