/**
 * Bans that are counted and reported, not dropped, and whether the whole host
 * does so: `mode` is 0 for enforce, 1 for observe.
 */
export const observed = {
  id: 2,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  ALTER TABLE bans ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE copies ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outcomes ADD COLUMN observed INTEGER NOT NULL DEFAULT 0;
  INSERT INTO meta VALUES ('mode', 0);
`;
