import type { DecisionProjection } from "../journal/view.js";

/** What was done at once that takes a second person, and who looked at it since. */
export const glassTables: DecisionProjection = {
  tables: `
    CREATE TABLE glass (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL,
      at INTEGER NOT NULL, verdict TEXT, reviewed_at INTEGER, reviewed_by TEXT,
      reviewed_why TEXT, by_self INTEGER, decision TEXT NOT NULL UNIQUE
    ) STRICT`,

  fold(database) {
    const add = database.prepare(
      "INSERT INTO glass VALUES (?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL, ?)",
    );
    const review = database.prepare(
      `UPDATE glass SET verdict = ?, reviewed_at = ?, reviewed_by = ?,
         reviewed_why = ?, by_self = ? WHERE id = ?`,
    );
    // What nobody has looked at stays.
    const forget = database.prepare(
      `DELETE FROM glass WHERE verdict IS NOT NULL AND seq <= (SELECT seq
         FROM glass ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_KEPT})`,
    );
    return ({ seq, at, event }) => {
      if (event.kind === "glass-broken") {
        const { kind: _, glass, ...rest } = event;
        add.run(seq, glass, JSON.stringify(rest), at, rest.decision);
        forget.run();
      } else if (event.kind === "glass-reviewed") {
        const { glass, verdict, by, reason, bySelf } = event;
        review.run(verdict, at, by, reason, Number(bySelf), glass);
      }
    };
  },
};

const MOST_KEPT = 10_000;
