/** Where the cloud's logs were seen to stand, and whether that contradicted itself. */
export const treeHeads = {
  id: 11,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE tree_heads (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    -- Until when the log was said to stand there, in Unix seconds.
    time INTEGER NOT NULL,
    -- The note as it was signed.
    checkpoint TEXT NOT NULL,
    -- Milliseconds since 1970: when the log was seen first, and was believed last.
    begun INTEGER NOT NULL,
    good INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tree_forks (
    origin TEXT PRIMARY KEY,
    what TEXT NOT NULL,
    -- The note that cannot be true together with what was kept.
    checkpoint TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
