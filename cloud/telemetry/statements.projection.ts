import type { Statement } from "../../agent/protocol/statement.js";
import type { ObservationProjection } from "../journal/view.js";

/** What devices stated that had changed after their receipts, kept to the byte. */
export const statementTables: ObservationProjection = {
  tables: `
    CREATE TABLE statements (
      agent TEXT NOT NULL, seq INTEGER NOT NULL, nth INTEGER NOT NULL,
      at INTEGER NOT NULL, org TEXT NOT NULL, time INTEGER NOT NULL,
      what TEXT NOT NULL, feed TEXT, revision INTEGER,
      signed TEXT NOT NULL, signature TEXT NOT NULL,
      PRIMARY KEY (seq, nth)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX statements_by_agent ON statements (agent, seq, nth);
    CREATE INDEX statements_of_trials ON statements (feed, seq, nth)
      WHERE feed IS NOT NULL;
    CREATE INDEX statements_of_changes ON statements (agent, feed, revision)
      WHERE feed IS NOT NULL`,

  fold(database) {
    const add = database.prepare(
      `INSERT INTO statements VALUES (${"?, ".repeat(10)}?)`,
    );
    const crowd = database.prepare(
      `DELETE FROM statements WHERE (seq, nth) IN (
         SELECT seq, nth FROM statements WHERE agent = ?
         ORDER BY seq DESC, nth DESC LIMIT -1 OFFSET ${MOST_OF_AN_AGENT})`,
    );
    return ({ seq, at, event }) => {
      if (event.kind !== "telemetry") return;
      const { agent, org, items } = event;
      for (const [nth, item] of items.entries()) {
        if (item.kind !== "statement") continue;
        const { signed, signature } = item;
        const said = keptStatement(signed);
        const feed = "feed" in said ? said.feed : null;
        const revision = "feed" in said ? said.revision : null;
        const time = Math.min(said.time, at);
        const place = [agent, seq, nth, at, org];
        add.run(...place, time, said.what, feed, revision, signed, signature);
      }
      if (items.some(({ kind }) => kind === "statement")) crowd.run(agent);
    };
  },
};

/** It was checked before it was written down, by the rules of that day. */
export const keptStatement = (signed: string): Statement =>
  JSON.parse(signed) as Statement;

/** Of each agent apart: one that states much displaces its own only. */
const MOST_OF_AN_AGENT = 1_000;
