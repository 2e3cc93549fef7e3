/**
 * Bans on trial, and how much of the address space each feed's bans cover. A
 * trial's bans carry its number: the revision of the segment, or the copy of the
 * snapshot below zero. None of them is in force after `until`, whatever it was
 * ordered for; what becomes of the trial moves that one number: to the end of
 * time when it was passed, to 0 when it failed. `space4` and `space6` add up each
 * enforced ban's share of its family's addresses, those within others as well.
 */
export const trials = {
  id: 5,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE trials (
    id       INTEGER PRIMARY KEY,
    feed     TEXT NOT NULL,
    revision INTEGER NOT NULL,
    bans     INTEGER NOT NULL,
    began    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('open', 'passed', 'failed')),
    tries    INTEGER NOT NULL DEFAULT 1
  ) STRICT;
  ALTER TABLE bans ADD COLUMN trial INTEGER;
  ALTER TABLE copies ADD COLUMN space4 REAL NOT NULL DEFAULT 0;
  ALTER TABLE copies ADD COLUMN space6 REAL NOT NULL DEFAULT 0;
  UPDATE copies SET
    space4 = ifnull((SELECT sum(pow(2, -prefix)) FROM bans
      WHERE copy = copies.id AND length(addr) = 4
        AND held IS NULL AND observed = 0), 0),
    space6 = ifnull((SELECT sum(pow(2, -prefix)) FROM bans
      WHERE copy = copies.id AND length(addr) = 16
        AND held IS NULL AND observed = 0), 0);
`;
