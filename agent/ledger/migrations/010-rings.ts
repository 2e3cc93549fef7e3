/**
 * When this host's ring has its turn with a ban, in Unix seconds; null for bans
 * that no ring waited for. Those that wait are found without looking at any other.
 */
export const rings = {
  id: 10,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  ALTER TABLE bans ADD COLUMN ring_at INTEGER;
  CREATE INDEX waiting_bans ON bans (copy, ring_at) WHERE held = 'ring';
`;
