import type { DecisionProjection } from "../journal/view.js";

/** Which decisions were undone, by which, and whose list an import was. */
export const undoTables: DecisionProjection = {
  tables: `
    CREATE TABLE undone (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, undoes TEXT NOT NULL,
      decision TEXT, wrong INTEGER NOT NULL, decided_by TEXT NOT NULL,
      reason TEXT NOT NULL, counts TEXT NOT NULL
    ) STRICT;
    CREATE INDEX undone_by_decision ON undone (undoes, seq);
    CREATE INDEX undoings ON undone (decision) WHERE decision IS NOT NULL;
    CREATE TABLE list_decisions (
      decision TEXT PRIMARY KEY, list TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`,

  fold(database) {
    const add = database.prepare(
      "INSERT INTO undone VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    const list = database.prepare("INSERT INTO list_decisions VALUES (?, ?)");
    return ({ seq, at, event }) => {
      if (event.kind === "undone") {
        const { undoes, decision = null, wrong, by, reason, counts } = event;
        const said = [Number(wrong), by, reason, JSON.stringify(counts)];
        add.run(seq, at, undoes, decision, ...said);
      } else if (event.kind === "decided" && event.list !== undefined) {
        list.run(event.decision, event.list);
      }
    };
  },
};
