import type { Clock } from "../../agent/clock.js";
import { openDatabase, type Database, type Statement } from "./database.js";
import type { Event, Recorded } from "./events.js";
import {
  JournalConflict,
  JournalUnfollowed,
  type Journal,
  type JournalListener,
} from "./journal.js";

/** The embedded journal: one SQLite table, one fsync an append. */
export class SqliteJournal implements Journal, Disposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #insert: Statement<never>;
  readonly #read: (from: number, limit: number) => readonly Recorded[];
  readonly #listeners = new Set<JournalListener>();
  #last: number;
  #broken: JournalUnfollowed | undefined;
  #break: (why: JournalUnfollowed) => void = () => undefined;

  /** Resolves once the process had better end: nothing more is appended. */
  readonly broken = new Promise<JournalUnfollowed>((resolve) => {
    this.#break = resolve;
  });

  private constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#insert = database.prepare(
      "INSERT INTO events (seq, at, body, bytes) VALUES (?, ?, ?, ?)",
    );
    this.#read = journalReader(database);
    this.#last = lastOf(database);
  }

  static open(path: string, clock: Clock): SqliteJournal {
    const database = openDatabase(path, "full");
    database.exec(SCHEMA);
    return new SqliteJournal(database, clock);
  }

  append(events: readonly Event[], expectedLast = this.#last): number {
    if (this.#broken !== undefined) throw this.#broken;
    const at = this.#clock.now();
    const write = this.#database.transaction(() => {
      const actual = lastOf(this.#database);
      if (actual !== expectedLast) {
        throw new JournalConflict(expectedLast, actual);
      }
      return events.map((event, index): Recorded => {
        const seq = actual + 1 + index;
        this.#insert.run(seq, at, ...columnsOf(event));
        return { seq, at, event };
      });
    });
    const appended = write.immediate();
    this.#last = expectedLast + appended.length;
    for (const listener of this.#listeners) this.#tell(listener, appended);
    return this.#last;
  }

  read(from: number, limit: number): readonly Recorded[] {
    return this.#read(from, limit);
  }

  last(): number {
    return this.#last;
  }

  subscribe(listener: JournalListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** What is durable reaches everybody, whoever fails over it. */
  #tell(listener: JournalListener, appended: readonly Recorded[]): void {
    try {
      listener(appended);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `event ${this.#last} is durable, but was not taken in: ${why}`;
      this.#broken ??= new JournalUnfollowed(message, { cause });
      this.#break(this.#broken);
    }
  }
}

/** Reads a journal's file, for another thread as well. */
export function journalReader(
  database: Database,
): (from: number, limit: number) => readonly Recorded[] {
  const select: Statement<Row> = database.prepare(
    "SELECT seq, at, body, bytes FROM events WHERE seq >= ? ORDER BY seq LIMIT ?",
  );
  return (from, limit) => select.all(from, limit).map(recordedOf);
}

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly bytes: Buffer | null;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    bytes BLOB
  ) STRICT`;

/** Sequence number of the newest event in a journal's file. */
export function lastOf(database: Database): number {
  const select: Statement<{ last: number }> = database.prepare(
    "SELECT coalesce(max(seq), 0) AS last FROM events",
  );
  return select.get()?.last ?? 0;
}

/** Bytes go beside the JSON, not into it. */
function columnsOf(event: Event): [string, Uint8Array | null] {
  if (event.kind !== "segment") return [JSON.stringify(event), null];
  const { bytes, ...rest } = event;
  return [JSON.stringify(rest), bytes];
}

function recordedOf({ seq, at, body, bytes }: Row): Recorded {
  const event = JSON.parse(body) as Event;
  return {
    seq,
    at,
    event: bytes === null ? event : ({ ...event, bytes } as Event),
  };
}
