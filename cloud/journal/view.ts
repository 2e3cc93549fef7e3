import { dirname } from "node:path";
import { sha256 } from "../../agent/protocol/container.js";
import { openDatabase, type Database, type Statement } from "./database.js";
import type { Recorded } from "./events.js";
import type { Journal } from "./journal.js";

/** A read model: its tables, and what each event does to them. */
export interface Projection {
  readonly tables: string;
  fold(database: Database): (recorded: Recorded) => void;
}

/**
 * The tables that questions are answered from, kept level with the journal.
 * The file holds nothing of its own: delete it, and it is folded anew.
 */
export class View implements Disposable {
  readonly #subscription: Disposable;

  private constructor(
    readonly database: Database,
    journal: Journal,
    folder: Folder,
  ) {
    const read: ReadJournal = (from, limit) => journal.read(from, limit);
    this.#subscription = journal.follow({
      take: (appended) => {
        if (!folder.fold(appended)) folder.catchUp(read);
      },
    });
  }

  static open(
    path: string,
    journal: Journal,
    projections: readonly Projection[],
  ): View {
    const database = openDatabase(path, "rebuildable");
    try {
      const folder = new Folder(database, projections, journal.last());
      return new View(database, journal, folder);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.database.close();
  }
}

/** Brings projections forward, each batch with its cursor in one transaction. */
export class Folder {
  readonly #apply: (batch: readonly Recorded[]) => void;
  #cursor: number;

  constructor(
    database: Database,
    projections: readonly Projection[],
    journalLast: number,
  ) {
    prepareTables(database, projections, journalLast);
    this.#cursor = cursorOf(database);
    const folds = projections.map((each) => each.fold(database));
    const advance = database.prepare("UPDATE cursor SET seq = ?");
    this.#apply = database.transaction((batch: readonly Recorded[]) => {
      for (const recorded of batch) for (const fold of folds) fold(recorded);
      advance.run(batch.at(-1)?.seq);
    });
  }

  /** Takes in the events that come next; false when some lie before them. */
  fold(batch: readonly Recorded[]): boolean {
    if (batch[0]?.seq !== this.#cursor + 1) return false;
    this.#apply(batch);
    this.#cursor += batch.length;
    return true;
  }

  /** Takes in all that the journal has beyond the cursor. */
  catchUp(read: ReadJournal): void {
    while (this.step(read));
  }

  /** Takes in the next few events; reports whether there were any. */
  step(read: ReadJournal): boolean {
    return this.fold(read(this.#cursor + 1, BATCH));
  }
}

type ReadJournal = (from: number, limit: number) => readonly Recorded[];

/** Events in one transaction: segments among them hold thousands of ops each. */
const BATCH = 16;

/** The journal lost its end, and agents hold what it does not know. */
export class JournalRolledBack extends Error {
  override readonly name = "JournalRolledBack";

  constructor(path: string, seen: number, last: number) {
    super(
      `${path} has seen event ${seen}, but the journal ends at ${last}: it was restored from a copy, and agents may hold bans that it does not know; run "tourniquet-cloud new-epoch --dir ${dirname(path)}", then start again`,
    );
  }
}

/**
 * Starts over when the tables are of another version.
 * @throws JournalRolledBack
 */
function prepareTables(
  database: Database,
  projections: readonly Projection[],
  journalLast: number,
): void {
  const old = tablesOf(database);
  const seen = old.includes("cursor") ? cursorOf(database) : 0;
  if (seen > journalLast) {
    throw new JournalRolledBack(database.name, seen, journalLast);
  }
  const ddl = [CURSOR, ...projections.map(({ tables }) => tables)].join(";\n");
  const version = sha256(Buffer.from(ddl)).readInt32BE(0);
  if (database.pragma("user_version", { simple: true }) === version) return;
  database.transaction(() => {
    for (const table of old) database.exec(`DROP TABLE ${table}`);
    database.exec(ddl);
    database.exec("INSERT INTO cursor (seq) VALUES (0)");
    database.pragma(`user_version = ${version}`);
  })();
}

const CURSOR = "CREATE TABLE cursor (seq INTEGER NOT NULL) STRICT";

function tablesOf(database: Database): readonly string[] {
  const select: Statement<{ name: string }> = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  return select.all().map(({ name }) => name);
}

function cursorOf(database: Database): number {
  const select: Statement<{ seq: number }> = database.prepare(
    "SELECT seq FROM cursor",
  );
  return select.get()?.seq ?? 0;
}
