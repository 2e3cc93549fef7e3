/** What the customer wants of this host, as it was signed. */
export const policies = {
  id: 12,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE policies (
    org TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    signed TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
