import { openDatabase, type Database } from "../../cloud/journal/database.js";
import type { DecisionEvent } from "../../cloud/journal/decision-events.js";
import { columnsOf } from "../../cloud/journal/sqlite-decisions.js";

/** What the versions before 0.4.0 appended everything to, to measure beside. */
export class FormerJournal implements Disposable {
  readonly #database: Database;
  readonly #append: (events: readonly DecisionEvent[]) => void;

  constructor(path: string) {
    this.#database = openDatabase(path, "full");
    this.#database.exec(FORMER_SCHEMA);
    const last = this.#database
      .prepare<[], number>("SELECT coalesce(max(seq), 0) FROM events")
      .pluck();
    const insert = this.#database.prepare(
      "INSERT INTO events (seq, at, body, bytes) VALUES (?, ?, ?, ?)",
    );
    const write = this.#database.transaction(
      (events: readonly DecisionEvent[]) => {
        let seq = last.get() ?? 0;
        for (const event of events) {
          insert.run(++seq, Date.now(), ...columnsOf(event));
        }
      },
    );
    this.#append = (events) => {
      write.immediate(events);
    };
  }

  append(events: readonly DecisionEvent[]): void {
    this.#append(events);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

export const FORMER_SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    bytes BLOB
  ) STRICT`;
