import type { DecisionProjection } from "../journal/view.js";

/** What rules put before a person, and what the person said. */
export const proposalTables: DecisionProjection = {
  tables: `
    CREATE TABLE proposals (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
      attacker TEXT NOT NULL, proposed_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL,
      evidence TEXT NOT NULL, orgs TEXT NOT NULL, veto TEXT NOT NULL,
      veto_why TEXT NOT NULL, veto_org TEXT, verdict TEXT, settled_at INTEGER,
      settled_by TEXT, settled_why TEXT, decision TEXT,
      wrong INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX proposals_by_attacker ON proposals (attacker, seq);
    CREATE INDEX proposals_by_expiry ON proposals (expires_at);
    CREATE TABLE proposal_orgs (
      org TEXT NOT NULL, proposal INTEGER NOT NULL,
      PRIMARY KEY (org, proposal)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX proposal_orgs_by_proposal ON proposal_orgs (proposal)`,

  fold(database) {
    const add = database.prepare(
      `INSERT INTO proposals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
         NULL, NULL, NULL, NULL, NULL, 0)`,
    );
    const addOrg = database.prepare("INSERT INTO proposal_orgs VALUES (?, ?)");
    const settle = database.prepare(
      `UPDATE proposals SET verdict = ?, settled_at = ?, settled_by = ?,
         settled_why = ?, decision = ?, wrong = ? WHERE id = ?`,
    );
    const forgetOrgs = database.prepare(
      "DELETE FROM proposal_orgs WHERE proposal <= ?",
    );
    const forget = database.prepare("DELETE FROM proposals WHERE seq <= ?");
    const oldest = database
      .prepare<unknown[], number>(
        `SELECT seq FROM proposals ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_KEPT}`,
      )
      .pluck();
    return ({ seq, at, event }) => {
      if (event.kind === "proposed") {
        const { proposal, attacker, expiresAt, rule, reason, veto } = event;
        const org = "org" in veto ? veto.org : null;
        add.run(
          ...[seq, proposal, attacker, at, expiresAt, rule, reason],
          ...[JSON.stringify(event.evidence), JSON.stringify(event.orgs)],
          ...[JSON.stringify(veto), veto.why, org],
        );
        for (const each of event.orgs) addOrg.run(each, seq);
        const over = oldest.get() ?? 0;
        forgetOrgs.run(over);
        forget.run(over);
      } else if (event.kind === "proposal-settled") {
        const { verdict, by, reason, proposal } = event;
        const { decision = null, wrong = false } = event;
        const said = [verdict, at, by, reason, decision, Number(wrong)];
        settle.run(...said, proposal);
      }
    };
  },
};

/** Those that are over included; the journal has all. */
const MOST_KEPT = 10_000;
