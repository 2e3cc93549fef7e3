/**
 * A feed's bans form a copy. Ordered by copy first, a snapshot is appended to
 * the table and a retired copy is cut off it, a slice at a time; a range is
 * found by one seek a feed.
 *
 * `bans.reason` is no foreign key: proving that nobody uses a reason would
 * read every ban.
 */
export const bans = {
  id: 1,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES
    ('ledger', max(1, random() & 0xffffffff)),
    ('revision', 0),
    ('replayable_from', 0),
    ('guard', 0);

  CREATE TABLE feeds (
    name       TEXT PRIMARY KEY,
    epoch      TEXT NOT NULL,
    "offset"   INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    issued_at  INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE copies (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    feed  TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('staging', 'current', 'retired')),
    bans  INTEGER NOT NULL DEFAULT 0,
    held  INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX one_current_copy
    ON copies (feed) WHERE state = 'current';

  CREATE TABLE reasons (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE bans (
    copy       INTEGER NOT NULL REFERENCES copies (id),
    addr       BLOB NOT NULL CHECK (length(addr) IN (4, 16)),
    prefix     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    reason     INTEGER NOT NULL,
    held       TEXT,
    PRIMARY KEY (copy, addr, prefix)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX held_bans ON bans (copy) WHERE held IS NOT NULL;

  CREATE TABLE dirty (
    addr     BLOB NOT NULL,
    prefix   INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (addr, prefix)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX dirty_by_revision ON dirty (revision, addr, prefix);

  CREATE TABLE outcomes (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL CHECK (kind IN ('segment', 'snapshot')),
    feed        TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    "offset"    INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    banned      INTEGER NOT NULL,
    lifted      INTEGER NOT NULL,
    expired     INTEGER NOT NULL,
    held        INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outcomes_by_feed ON outcomes (feed);
`;
