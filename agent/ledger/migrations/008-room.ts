/**
 * Room that is kept: `reserve` holds nothing but pages for what must be written
 * when the disk is full. `reasons.feed` says whose room a reason takes, and
 * `reason_bytes` how much that is; `unkept` counts held bans that were not stored.
 */
export const room = {
  id: 8,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE reserve (
    id   INTEGER PRIMARY KEY,
    room BLOB NOT NULL
  ) STRICT;

  ALTER TABLE reasons ADD COLUMN feed TEXT NOT NULL DEFAULT '';
  CREATE TABLE reason_bytes (
    feed  TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE unkept (
    copy INTEGER NOT NULL REFERENCES copies (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    bans INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (copy, rule)
  ) STRICT, WITHOUT ROWID;
`;
