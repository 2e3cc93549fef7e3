import type { DecisionProjection } from "../journal/view.js";

/** Each org's newest policies, for hosts that go by one of before. */
export const policyVersionTables: DecisionProjection = {
  tables: `
    CREATE TABLE policy_versions (
      org TEXT NOT NULL, version INTEGER NOT NULL, policy TEXT NOT NULL,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (org, version)
    ) STRICT`,

  fold(database) {
    const put = database.prepare(
      "INSERT INTO policy_versions VALUES (?, ?, ?, ?)",
    );
    const forget = database.prepare(
      "DELETE FROM policy_versions WHERE org = ? AND version <= ?",
    );
    return ({ event }) => {
      if (event.kind !== "policy-published") return;
      const { org, version, policy, expiresAt } = event;
      put.run(org, version, JSON.stringify(policy), expiresAt);
      forget.run(org, version - MOST_VERSIONS);
    };
  },
};

/** Of an org, 64 KiB each at most; hosts that are connected go by the newest. */
const MOST_VERSIONS = 16;
