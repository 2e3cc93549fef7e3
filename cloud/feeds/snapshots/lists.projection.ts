import type { BanOp } from "../../../agent/model/ban.js";
import { widened, type Cidr, type Family } from "../../../agent/model/cidr.js";
import type { Database, Statement } from "../../journal/database.js";
import type { Decided } from "../../journal/decision-events.js";
import type { BroughtRange } from "../../lists/replacement.js";
import type { ListPage, ListsAsked } from "./messages.js";

/**
 * Which list brought which bans, so that a later import of the same list can
 * lift what it has no more. A range may be of several lists.
 */
export const listTables = `
    CREATE TABLE lists (
      id INTEGER PRIMARY KEY, feed TEXT NOT NULL, name TEXT NOT NULL,
      UNIQUE (feed, name)
    ) STRICT;
    CREATE TABLE imports (
      decision TEXT PRIMARY KEY, list INTEGER NOT NULL, seq INTEGER NOT NULL,
      ops_left INTEGER NOT NULL, replaces INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE listed (
      list INTEGER NOT NULL, family INTEGER NOT NULL, prefix INTEGER NOT NULL,
      address BLOB NOT NULL, expires_at INTEGER NOT NULL, seq INTEGER NOT NULL,
      PRIMARY KEY (list, family, prefix, address)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX listed_by_range ON listed (family, prefix, address)`;

/** An import whose segments are being folded. */
export interface FoldedImport {
  /** The list has the range. */
  has(op: BanOp): void;
  /** The list has it no more. */
  lacks(cidr: Cidr): void;
  /** So many ops of it were read. */
  read(ops: number): void;
}

export function listFold(database: Database) {
  const { put, remove, forget } = listedIn(database);
  const add = database
    .prepare<unknown[], number>(
      `INSERT INTO lists (feed, name) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET name = name RETURNING id`,
    )
    .pluck();
  const begin = database.prepare("INSERT INTO imports VALUES (?, ?, ?, ?, ?)");
  const open: Statement<Import> = database.prepare(
    `SELECT decision, list, seq, replaces FROM imports WHERE decision = ?`,
  );
  const advance = database
    .prepare<unknown[], number>(
      `UPDATE imports SET ops_left = ops_left - ? WHERE decision = ?
       RETURNING ops_left`,
    )
    .pluck();
  const end = database.prepare("DELETE FROM imports WHERE decision = ?");
  return {
    decided({ decision, feed, list, ranges, lifts }: Decided, seq: number) {
      if (list === undefined) return;
      const id = add.get(feed, list);
      const ops = ranges + (lifts ?? 0);
      begin.run(decision, id, seq, ops, Number(lifts !== undefined));
    },
    of(decision: string): FoldedImport | undefined {
      const found = open.get(decision);
      if (found === undefined) return undefined;
      const { list, seq, replaces } = found;
      return {
        has: ({ cidr: { family, prefix, address }, expiresAt }) => {
          put.run(list, family, prefix, address, expiresAt, seq);
        },
        lacks: ({ family, prefix, address }) => {
          remove.run(list, family, prefix, address);
        },
        read: (ops) => {
          if ((advance.get(ops, decision) ?? 0) > 0) return;
          end.run(decision);
          // Only the whole of a list tells what it has no more.
          if (replaces === 1) forget.run(list, seq);
        },
      };
    },
  };
}

/** What changes the ranges of a list. */
function listedIn(database: Database) {
  const put = database.prepare(
    `INSERT INTO listed VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at,
       seq = excluded.seq`,
  );
  const remove = database.prepare(
    `DELETE FROM listed
     WHERE list = ? AND family = ? AND prefix = ? AND address = ?`,
  );
  const forget = database.prepare(
    "DELETE FROM listed WHERE list = ? AND seq < ?",
  );
  return { put, remove, forget };
}

interface Import {
  readonly list: number;
  readonly seq: number;
  readonly replaces: 0 | 1;
}

/** What lists brought, as far as it still stands. */
export class ListState {
  readonly #brought: Statement<Row>;
  readonly #named: Statement<{ id: number; name: string }>;
  readonly #has: Statement<1>;

  constructor(database: Database) {
    this.#brought = database.prepare(
      `SELECT l.family, l.prefix, l.address, l.expires_at AS until,
         b.other_until > @now OR EXISTS (
           SELECT 1 FROM lists o JOIN listed ol ON ol.list = o.id
             AND (ol.family, ol.prefix, ol.address) =
               (l.family, l.prefix, l.address)
           WHERE o.feed = @feed AND o.id <> l.list AND ol.expires_at > @now
         ) AS shared
       FROM lists JOIN listed l ON l.list = lists.id
         JOIN positions p ON p.feed = lists.feed
         JOIN bans b ON b.feed = p.id AND b.family = l.family
           AND b.prefix = l.prefix AND b.address = l.address
       WHERE lists.feed = @feed AND lists.name = @list
         AND l.expires_at > @now AND b.expires_at > @now
         AND (l.family, l.prefix, l.address) > (@family, @prefix, @address)
       ORDER BY l.family, l.prefix, l.address LIMIT @limit`,
    );
    this.#named = database.prepare(
      `SELECT id, name FROM lists
       WHERE feed IN (SELECT value FROM json_each(?))
         AND name IN (SELECT value FROM json_each(?)) ORDER BY name`,
    );
    this.#has = database
      .prepare<unknown[], 1>(
        `SELECT 1 FROM listed WHERE list = ? AND family = ? AND prefix = ?
           AND address = ? AND expires_at > ?`,
      )
      .pluck();
  }

  /** Some microseconds for each list and prefix length. */
  holding({ feeds, lists, range, now }: ListsAsked): readonly string[] {
    const found = this.#named
      .all(JSON.stringify(feeds), JSON.stringify(lists))
      .filter(({ id }) => this.#holds(id, range, now));
    return [...new Set(found.map(({ name }) => name))];
  }

  #holds(list: number, range: Cidr, now: number): boolean {
    for (let prefix = range.prefix; prefix > 0; prefix--) {
      const { family, address } = widened(range, prefix);
      const row = this.#has.get(list, family, prefix, address, now);
      if (row !== undefined) return true;
    }
    return false;
  }

  brought({ after, ...page }: ListPage): readonly BroughtRange[] {
    const { family, prefix, address } = after ?? BEFORE_ALL;
    const from = { family, prefix, address };
    return this.#brought.all({ ...page, ...from }).map((row) => ({
      cidr: {
        family: row.family,
        prefix: row.prefix,
        address: Uint8Array.from(row.address),
      },
      until: row.until,
      shared: row.shared === 1,
    }));
  }
}

const BEFORE_ALL = { family: 0, prefix: 0, address: new Uint8Array(0) };

interface Row {
  readonly family: Family;
  readonly prefix: number;
  readonly address: Buffer;
  readonly until: number;
  readonly shared: 0 | 1;
}
