import type { DecisionProjection } from "../journal/view.js";

/** Which decisions were undone, by which, or found wrong. */
export const undoTables: DecisionProjection = {
  tables: `
    CREATE TABLE undone (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, undoes TEXT NOT NULL,
      decision TEXT, wrong INTEGER NOT NULL, decided_by TEXT NOT NULL,
      reason TEXT NOT NULL, counts TEXT NOT NULL
    ) STRICT;
    CREATE INDEX undone_by_decision ON undone (undoes, seq)`,

  fold(database) {
    const add = database.prepare(
      "INSERT INTO undone VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    return ({ seq, at, event }) => {
      if (event.kind !== "undone") return;
      const { undoes, decision = null, wrong, by, reason, counts } = event;
      const said = [Number(wrong), by, reason, JSON.stringify(counts)];
      add.run(seq, at, undoes, decision, ...said);
    };
  },
};
