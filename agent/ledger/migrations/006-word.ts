/**
 * What this host's operator has the last word on. `history` has what was in force
 * on a range before each change of it, `revisions` where a revision's part of that
 * begins; `withheld` are ranges whose bans wait until somebody says otherwise,
 * `releases` those that no ban may touch, and `orders` is who said so.
 */
export const word = {
  id: 6,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  INSERT INTO meta VALUES ('paused_until', 0);
  INSERT INTO meta SELECT 'history_from', value FROM meta WHERE key = 'revision';

  CREATE TABLE revisions (
    revision INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    cause    TEXT NOT NULL,
    target   INTEGER,
    first    INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE history (
    id             INTEGER PRIMARY KEY,
    addr           BLOB NOT NULL,
    prefix         INTEGER NOT NULL,
    dropped_until  INTEGER NOT NULL,
    observed_until INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE withheld (
    addr   BLOB NOT NULL CHECK (length(addr) IN (4, 16)),
    prefix INTEGER NOT NULL,
    rule   TEXT NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    PRIMARY KEY (addr, prefix)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE releases (
    addr   BLOB NOT NULL CHECK (length(addr) IN (4, 16)),
    prefix INTEGER NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (addr, prefix)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE orders (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    at   INTEGER NOT NULL,
    who  TEXT NOT NULL,
    what TEXT NOT NULL
  ) STRICT;
`;
