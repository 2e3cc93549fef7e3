/**
 * Which order a revision belongs to, and what it was. `decision` is the first
 * revision of an order that came in several segments; `issued` and
 * `ops` tell whether the next segment belongs to it. `past` is what a rollback
 * under way has yet to look at, so that one cut off goes on with the next start.
 * An order remembers how it ended, and bans that a trial took back are found
 * without looking at any other.
 */
export const orders = {
  id: 9,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  ALTER TABLE revisions ADD COLUMN decision INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE revisions ADD COLUMN feed TEXT;
  ALTER TABLE revisions ADD COLUMN reason TEXT NOT NULL DEFAULT '';
  ALTER TABLE revisions ADD COLUMN issued INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE revisions ADD COLUMN ops INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE revisions ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE revisions ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE revisions ADD COLUMN lifted INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE revisions ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
  UPDATE revisions SET decision = revision;
  UPDATE revisions SET feed = outcomes.feed, banned = outcomes.banned,
      observed = outcomes.observed, lifted = outcomes.lifted,
      held = outcomes.held
    FROM outcomes WHERE outcomes.revision = revisions.revision;
  CREATE INDEX revisions_by_feed ON revisions (feed, revision);

  CREATE TABLE past (
    addr           BLOB NOT NULL,
    prefix         INTEGER NOT NULL,
    dropped_until  INTEGER NOT NULL,
    observed_until INTEGER NOT NULL,
    PRIMARY KEY (addr, prefix)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('rollback_target', -1), ('rollback_until', 0);

  ALTER TABLE orders ADD COLUMN outcome TEXT;

  CREATE INDEX unconfirmed_bans ON bans (copy, addr, prefix)
    WHERE held = 'not-confirmed';
`;
