/** What time it is by this host's own account; there is none before the first. */
export const time = {
  id: 3,
  up: (db: { exec(sql: string): unknown }): void => void db.exec(schema),
};

const schema = `
  CREATE TABLE time (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    boot     INTEGER NOT NULL,
    state    TEXT NOT NULL
      CHECK (state IN ('resumed', 'assumed', 'confirmed')),
    "offset" INTEGER NOT NULL,
    anchor   INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    sure     INTEGER NOT NULL,
    told     INTEGER
  ) STRICT;
`;
