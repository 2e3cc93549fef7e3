import type { Allowance } from "../../agent/protocol/policy.js";
import type { OrgPolicy } from "../journal/policy-events.js";
import type { DecisionProjection } from "../journal/view.js";

/**
 * The newest policy of each org, when hosts came to be in their groups, and what
 * rules held for one org of late.
 */
export const policyTables: DecisionProjection = {
  tables: `
    CREATE TABLE policies (
      org TEXT PRIMARY KEY, version INTEGER NOT NULL, policy TEXT NOT NULL,
      file TEXT NOT NULL, published_at INTEGER NOT NULL,
      published_by TEXT NOT NULL, expires_at INTEGER NOT NULL,
      least_allowed_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE regrouped (
      agent TEXT PRIMARY KEY, at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE held_for_orgs (
      org TEXT NOT NULL, decision TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY (org, decision)
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const put = database.prepare(
      `INSERT INTO policies VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (org) DO UPDATE SET version = excluded.version,
         policy = excluded.policy, file = excluded.file,
         published_at = excluded.published_at,
         published_by = excluded.published_by, expires_at = excluded.expires_at,
         least_allowed_at = max(least_allowed_at, excluded.least_allowed_at)`,
    );
    const regroup = database.prepare(
      "INSERT OR REPLACE INTO regrouped VALUES (?, ?)",
    );
    const hold = database.prepare(
      "INSERT OR REPLACE INTO held_for_orgs VALUES (?, ?, ?)",
    );
    const forget = database.prepare(
      "DELETE FROM held_for_orgs WHERE org = ? AND at < ?",
    );
    return ({ at, event }) => {
      if (event.kind === "policy-published") {
        const { org, version, policy, file, by, expiresAt } = event;
        const text = JSON.stringify(policy);
        const allowedAt = allowanceDate(policy);
        put.run(org, version, text, file, at, by, expiresAt, allowedAt);
        if (event.held === undefined) return;
        hold.run(org, event.held, at);
        forget.run(org, at - KEPT_MS);
      } else if (event.kind === "agent-tagged") {
        regroup.run(event.agent, at);
      }
    };
  },
};

/** Rules look at decisions of the last day alone. */
const KEPT_MS = 7 * 86_400_000;

/** Of when the allowance in it is; it was read before it was taken down. */
const allowanceDate = ({ allowance }: OrgPolicy): number =>
  allowance === undefined
    ? 0
    : (JSON.parse(allowance.signed) as Allowance).issuedAt;
