import type { DecisionProjection } from "../journal/view.js";

/** The newest approval of each feed. */
export const approvalTables: DecisionProjection = {
  tables: `
    CREATE TABLE approvals (
      feed TEXT PRIMARY KEY, signed TEXT NOT NULL,
      published_at INTEGER NOT NULL, published_by TEXT NOT NULL
    ) STRICT`,

  fold(database) {
    const put = database.prepare(
      "INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?)",
    );
    return ({ at, event }) => {
      if (event.kind !== "approval") return;
      put.run(event.feed, JSON.stringify(event.text), at, event.by);
    };
  },
};
