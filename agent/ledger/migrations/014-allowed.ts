/** Bans that the customer's policy lets through are counted without looking at any other. */
export const allowed = {
  id: 14,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE INDEX allowed_bans ON bans (copy) WHERE held = 'allowed-by-policy';
`;
