import { closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../../agent/log/logger.js";
import { isDiskTrouble, NoRoom } from "../disk/room.js";
import { Salts } from "./commitment.js";
import {
  DatabaseUnusable,
  openDatabase,
  removeDatabase,
  type Database,
  type Statement,
} from "./database.js";
import type { DecisionEvent } from "./decision-events.js";
import type { ObservationEvent } from "./observation-events.js";
import { observed } from "./observed.js";
import { SCHEMA as OF_DECISIONS } from "./sqlite-decisions.js";
import { BEHIND, BOUNDLESS, Marks, openLog } from "./sqlite-file.js";
import { SCHEMA as OF_OBSERVATIONS } from "./sqlite-observations.js";

/** Paths of the one journal of versions before 0.4.0, and of what follows it. */
export interface SplitFiles {
  readonly journal: string;
  readonly decisions: string;
  readonly observations: string;
}

/**
 * Puts every event of an earlier version's journal into the log that it belongs
 * to, under its number: evidence is referred to by it. Interrupted at any point,
 * it goes on; the journal is removed once all of it was read back and compared.
 * Without one it does nothing.
 * @throws DatabaseUnusable, or NoRoom
 */
export async function splitJournal(
  files: SplitFiles,
  log: Pick<Logger, "info">,
): Promise<void> {
  if (!existsSync(files.journal)) {
    removeDatabase(files.journal); // what may be left beside it
    return;
  }
  try {
    using split = new Split(files);
    if (!split.isDone) {
      log.info("the journal of an earlier version is split in two", {
        ...files,
      });
      await split.copy();
      await split.compare();
      split.finish();
      log.info("the journal was split, and compared", { events: split.last });
    }
  } catch (cause) {
    if (!isDiskTrouble(cause)) throw cause;
    throw new NoRoom(dirname(files.journal), { cause });
  }
  for (const path of [files.decisions, files.observations]) {
    syncFolder(dirname(path));
  }
  removeDatabase(files.journal);
}

/** Makes sure that files which are new in a folder are found there. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

class Split implements Disposable {
  readonly #journal: Database;
  readonly #decisions: Target;
  readonly #observations: Target;
  readonly #rows: Statement<Row>;
  /** Of the journal's newest event. */
  readonly last: number;

  constructor(files: SplitFiles) {
    this.#journal = openDatabase(files.journal, "full");
    this.#decisions = decisionsIn(files.decisions);
    this.#observations = observationsIn(files.observations);
    this.#rows = this.#journal.prepare(
      `SELECT seq, at, body, bytes FROM events WHERE seq > ?
       ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
    );
    this.last =
      this.#journal
        .prepare<[], number>("SELECT coalesce(max(seq), 0) FROM events")
        .pluck()
        .get() ?? 0;
    this.#mustBeOurs();
  }

  /** Whether all was compared before, and only the journal has to go. */
  get isDone(): boolean {
    return this.#decisions.marks.of(DONE) > 0;
  }

  async copy(): Promise<void> {
    const targets = [this.#observations, this.#decisions];
    let seq = Math.min(...targets.map(({ marks }) => marks.of(COPIED)));
    for (let rows = this.#rows.all(seq); rows.length > 0;) {
      seq = rows.at(-1)?.seq ?? seq;
      for (const target of targets) {
        const copied = target.marks.of(COPIED);
        const own = rows.filter(
          (row) => row.seq > copied && this.#targetOf(row) === target,
        );
        target.database.transaction(() => {
          own.forEach(target.insert);
          target.marks.raise(COPIED, seq);
        })();
      }
      await nextTurn();
      rows = this.#rows.all(seq);
    }
  }

  /** Reads all of it back. @throws DatabaseUnusable */
  async compare(): Promise<void> {
    for (let rows = this.#rows.all(0); rows.length > 0;) {
      for (const row of rows) {
        const kept = this.#targetOf(row).find.get(row.seq);
        if (kept !== undefined && isSame(kept, row)) continue;
        throw new DatabaseUnusable(
          `event ${row.seq} of ${this.#journal.name} was not copied as it is`,
        );
      }
      await nextTurn();
      rows = this.#rows.all(rows.at(-1)?.seq);
    }
  }

  finish(): void {
    for (const { database, marks } of [this.#observations, this.#decisions]) {
      database.pragma("synchronous = 2");
      marks.raise(BEHIND, this.last);
      if (database === this.#decisions.database) {
        marks.raise(DONE, Math.max(1, this.last));
      }
      database.pragma("wal_checkpoint(TRUNCATE)");
    }
  }

  [Symbol.dispose](): void {
    for (const { database } of [this.#observations, this.#decisions]) {
      database.close();
    }
    this.#journal.close();
  }

  #targetOf({ body }: Row): Target {
    const kind = /^\{"kind":"([^"]+)"/.exec(body)?.[1];
    const named = kind ?? (JSON.parse(body) as { kind: string }).kind;
    return OBSERVED.has(named) ? this.#observations : this.#decisions;
  }

  /** What another version wrote since must not be lost, nor mixed with this. */
  #mustBeOurs(): void {
    const { database, marks } = this.#decisions;
    const done = marks.of(DONE);
    if (done > 0 && done === Math.max(1, this.last)) return;
    const rows = database.prepare("SELECT 1 FROM decisions LIMIT 1").get();
    if (done === 0 && (rows === undefined || marks.of(COPIED) > 0)) return;
    this[Symbol.dispose]();
    throw new DatabaseUnusable(
      `${this.#journal.name} was written by an earlier version beside ${database.name}: put one of them away; what is only in it is lost`,
    );
  }
}

/** What the events of one kind go to. */
interface Target {
  readonly database: Database;
  readonly marks: Marks;
  readonly insert: (row: Row) => void;
  readonly find: Statement<Omit<Row, "seq">>;
}

function decisionsIn(path: string): Target {
  const database = openToFill(path, OF_DECISIONS);
  const salts = new Salts(32);
  const insert = database.prepare(
    "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, NULL)",
  );
  return {
    ...{ database, marks: new Marks(database) },
    insert: ({ seq, at, body, bytes }) =>
      void insert.run(seq, at, body, bytes, salts.next()),
    find: database.prepare(
      "SELECT at, body, bytes FROM decisions WHERE seq = ?",
    ),
  };
}

function observationsIn(path: string): Target {
  const database = openToFill(path, OF_OBSERVATIONS);
  const salts = new Salts(16);
  const insert = database.prepare(
    `INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, NULL)
     ON CONFLICT (agent, spool, number) DO NOTHING`,
  );
  return {
    ...{ database, marks: new Marks(database) },
    insert: ({ seq, at, body }) => {
      const event = JSON.parse(body) as ObservationEvent;
      const { agent, spool, number } = observed(event);
      const salt = salts.next();
      const { changes } = insert.run(seq, at, agent, spool, number, body, salt);
      if (changes > 0) return;
      // Earlier versions wrote some things down twice: each keeps its place.
      insert.run(seq, at, agent, `journal-${seq}`, 0, body, salt);
    },
    find: database.prepare(
      "SELECT at, body, NULL AS bytes FROM observations WHERE seq = ?",
    ),
  };
}

/** Until it is compared, a power cut may take the newest rows along, in order. */
function openToFill(path: string, schema: string): Database {
  const database = openLog(path, schema, BOUNDLESS);
  database.pragma("synchronous = 1");
  return database;
}

function isSame(kept: Omit<Row, "seq">, { at, body, bytes }: Row): boolean {
  if (kept.at !== at || kept.body !== body) return false;
  if (bytes === null || kept.bytes === null) return bytes === kept.bytes;
  return bytes.equals(kept.bytes);
}

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly bytes: Buffer | null;
}

type Kind = (DecisionEvent | ObservationEvent)["kind"];

const OBSERVED: ReadonlySet<string> = new Set<Kind>([
  ...(["telemetry", "receipt", "refusal", "divergence"] as const),
  ...(["agent-seen", "agent-booted", "agent-cloned"] as const),
  "agent-left" satisfies Kind,
]);

const COPIED = "copied";
const DONE = "split";

/** A segment's bytes may be 64 KiB: some megabytes at a time. */
const ROWS_AT_ONCE = 256;
