/** What the customer wants of this host, as it was signed. */
export const policies = {
  id: 12,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE policies (
    org TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    signed TEXT, -- NULL: a root took it back
    least_issued_at INTEGER NOT NULL, -- of the next, in milliseconds since 1970
    least_allowed_at INTEGER NOT NULL -- of the next's allowance, the same
  ) STRICT, WITHOUT ROWID;
`;
