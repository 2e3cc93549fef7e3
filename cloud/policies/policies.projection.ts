import type { DecisionProjection } from "../journal/view.js";

/** The newest policy of each org, and when hosts came to be in their groups. */
export const policyTables: DecisionProjection = {
  tables: `
    CREATE TABLE policies (
      org TEXT PRIMARY KEY, version INTEGER NOT NULL, policy TEXT NOT NULL,
      file TEXT NOT NULL, published_at INTEGER NOT NULL,
      published_by TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE regrouped (
      agent TEXT PRIMARY KEY, at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const put = database.prepare(
      "INSERT OR REPLACE INTO policies VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const regroup = database.prepare(
      "INSERT OR REPLACE INTO regrouped VALUES (?, ?)",
    );
    return ({ at, event }) => {
      if (event.kind === "policy-published") {
        const { org, version, policy, file, by, expiresAt } = event;
        const text = JSON.stringify(policy);
        put.run(org, version, text, file, at, by, expiresAt);
      } else if (event.kind === "agent-tagged") {
        regroup.run(event.agent, at);
      }
    };
  },
};
