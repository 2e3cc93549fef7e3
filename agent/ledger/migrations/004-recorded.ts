/**
 * Since when a feed bans a range, in Unix seconds; 0 for bans that were there
 * before anybody took note.
 */
export const recorded = {
  id: 4,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  ALTER TABLE bans ADD COLUMN recorded_at INTEGER NOT NULL DEFAULT 0;
`;
