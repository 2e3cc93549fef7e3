import { existsSync } from "node:fs";
import { openDatabase, type Database } from "../journal/database.js";
import type { Erased } from "../journal/decision-events.js";
import type { DecisionProjection } from "../journal/view.js";

/** What was ever erased, for who has to erase it again. */
export const erasureTables: DecisionProjection = {
  tables: `
    CREATE TABLE erasures (
      of TEXT NOT NULL, seq INTEGER NOT NULL, told INTEGER NOT NULL,
      event TEXT NOT NULL, PRIMARY KEY (of, seq)
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const add = database.prepare(
      "INSERT INTO erasures VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    return ({ seq, event }) => {
      if (event.kind !== "erased") return;
      add.run(event.of, event.seq, seq, JSON.stringify(event));
    };
  },
};

/** Those that decisions behind a sequence number tell of. */
export const erasuresIn = (decided: Database, behind = 0): readonly Erased[] =>
  decided
    .prepare<[number], string>(
      "SELECT event FROM erasures WHERE told > ? ORDER BY told",
    )
    .pluck()
    .all(behind)
    .map((event) => JSON.parse(event) as Erased);

/** As `erasuresIn`, of a view's file that nobody has open; none of one without. */
export function erasuresInFile(path: string, behind: number) {
  if (!existsSync(path)) return [];
  const view = openDatabase(path, "rebuildable");
  try {
    const table = view.prepare(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'erasures'",
    );
    return table.get() === undefined ? [] : erasuresIn(view, behind);
  } finally {
    view.close();
  }
}
