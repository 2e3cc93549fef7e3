import type { Database } from "../journal/database.js";
import type { Shadowed } from "../journal/rule-events.js";
import type { DecisionProjection } from "../journal/view.js";

/** Which rules were published, and what those in the shadow would have banned. */
export const ruleTables: DecisionProjection = {
  tables: `
    CREATE TABLE rule_sets (
      version INTEGER PRIMARY KEY, text TEXT NOT NULL, mode TEXT NOT NULL,
      by TEXT NOT NULL, at INTEGER NOT NULL, ended_at INTEGER
    ) STRICT;
    CREATE TABLE shadow_counts (
      version INTEGER NOT NULL, rule TEXT NOT NULL, bans INTEGER NOT NULL,
      vetoed INTEGER NOT NULL, stood INTEGER NOT NULL,
      PRIMARY KEY (version, rule)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE shadowed (
      number INTEGER PRIMARY KEY, version INTEGER NOT NULL, ban TEXT NOT NULL
    ) STRICT`,

  fold(database) {
    const add = database.prepare(
      "INSERT OR REPLACE INTO rule_sets VALUES (?, ?, ?, ?, ?, NULL)",
    );
    // Rules that are published do not only stand in the shadow any more.
    const end = database.prepare(
      "UPDATE rule_sets SET ended_at = ? WHERE mode = ? AND ended_at IS NULL",
    );
    const forget = database.prepare(
      `DELETE FROM rule_sets WHERE mode = @mode AND version <= (SELECT version
         FROM rule_sets WHERE mode = @mode
         ORDER BY version DESC LIMIT 1 OFFSET @kept)`,
    );
    const count = shadowFold(database);
    return ({ at, event }) => {
      if (event.kind === "rules-published") {
        const { version, text, mode, by } = event;
        end.run(at, mode);
        if (mode === "in-force") end.run(at, "shadow");
        add.run(version, text, mode, by, at);
        forget.run({ mode, kept: MOST_KEPT[mode] });
      } else if (event.kind === "shadow-ended") {
        end.run(at, "shadow");
      } else if (event.kind === "shadowed") {
        count(event);
      }
    };
  },
};

function shadowFold(database: Database) {
  const add = database.prepare(
    `INSERT INTO shadow_counts VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET bans = bans + excluded.bans,
       vetoed = vetoed + excluded.vetoed, stood = stood + excluded.stood`,
  );
  const put = database.prepare(
    "INSERT INTO shadowed (version, ban) VALUES (?, ?)",
  );
  const forget = database.prepare(
    "DELETE FROM shadowed WHERE number <= (SELECT max(number) FROM shadowed) - ?",
  );
  const forgetCounts = database.prepare(
    "DELETE FROM shadow_counts WHERE version NOT IN (SELECT version FROM rule_sets)",
  );
  return ({ version, counts, bans }: Shadowed): void => {
    for (const { rule, bans: many, vetoed, stood } of counts) {
      add.run(version, rule, many, vetoed, stood);
    }
    for (const ban of bans) put.run(version, JSON.stringify(ban));
    forget.run(MOST_SHADOWED);
    forgetCounts.run();
  };
}

/** Texts of 64 KiB at most; the log has all. */
const MOST_KEPT = { "in-force": 100, shadow: 20 } as const;

/** What rules in the shadow would have banned, the newest. */
const MOST_SHADOWED = 1_000;
