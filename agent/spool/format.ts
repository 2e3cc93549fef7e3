import type { Migration } from "../sqlite/database.js";

/**
 * Items by their number. AUTOINCREMENT never gives a number twice, not even
 * after the items were forgotten: the cloud tells items apart by it.
 */
const items: Migration = {
  id: 1,
  up: (db) =>
    void db.exec(`
      CREATE TABLE items (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        worth  INTEGER NOT NULL,
        urgent INTEGER NOT NULL,
        bytes  INTEGER NOT NULL,
        item   TEXT NOT NULL
      ) STRICT;
      CREATE INDEX by_worth ON items (worth, number);
      CREATE INDEX urgent_ones ON items (number) WHERE urgent = 1;

      CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `),
};

/** In order, from 1, without a gap. */
export const migrations: readonly Migration[] = [items];
