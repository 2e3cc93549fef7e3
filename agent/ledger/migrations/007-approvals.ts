/** What the critical keys allow each feed, as they signed it. */
export const approvals = {
  id: 7,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE approvals (
    feed TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    signed TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
