import { dirname } from "node:path";
import {
  isDiskTrouble,
  NO_RESERVE,
  NoRoom,
  withRoom,
  type Giving,
} from "../disk/room.js";
import type { Worth } from "../disk/worth.js";
import {
  openDatabase,
  type Database,
  type Statement,
  type Transaction,
} from "./database.js";

/** As much of the disk as a log needs to know. */
export interface JournalDisk extends Giving {
  /** Whether something of this worth may still be written down. */
  admits(worth: Worth): boolean;
}

/** Without a disk to look after: it takes everything, and keeps no reserve. */
export const BOUNDLESS: JournalDisk = {
  ...NO_RESERVE,
  admits: () => true,
};

/** A file that must be believed, with its table. What is erased leaves no trace. */
export function openLog(
  path: string,
  schema: string,
  disk: JournalDisk,
): Database {
  const database = withRoom(disk, () => openDatabase(path, "full"));
  try {
    database.pragma("secure_delete = on");
    withRoom(disk, () => database.exec(`${schema};${MARKS}`));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Writes to a file, each time in one transaction. */
export class Writer {
  readonly #database: Database;
  readonly #run: Transaction;

  constructor(database: Database) {
    this.#database = database;
    this.#run = database.transaction((act) => act());
  }

  /** @throws NoRoom, and what `act` throws: then nothing is written */
  write<T>(reserve: Giving, act: () => T): T {
    try {
      return withRoom(reserve, () => this.#run.immediate(act) as T);
    } catch (cause) {
      if (!isDiskTrouble(cause)) throw cause;
      throw new NoRoom(dirname(this.#database.name), { cause });
    }
  }

  /**
   * As `write`, and cuts off the log beside the file, in which pages stay as they
   * were. While somebody reads from the log, it stays until the file is closed.
   */
  forget(reserve: Giving, act: () => void): void {
    this.write(reserve, act);
    withRoom(reserve, () => {
      this.#database.pragma("wal_checkpoint(TRUNCATE)");
    });
  }
}

/**
 * Numbers that a file keeps beside its rows. Behind `BEHIND` comes what is
 * appended next, though there need be no row of that number.
 */
export class Marks {
  readonly #get: Statement<number>;
  readonly #raise: Statement<never>;

  constructor(database: Database) {
    this.#get = database
      .prepare<unknown[], number>("SELECT seq FROM marks WHERE name = ?")
      .pluck();
    this.#raise = database.prepare(
      `INSERT INTO marks VALUES (?, ?)
       ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)`,
    );
  }

  of(name: string): number {
    return this.#get.get(name) ?? 0;
  }

  raise(name: string, seq: number): void {
    this.#raise.run(name, seq);
  }
}

const MARKS = `
  CREATE TABLE IF NOT EXISTS marks (
    name TEXT PRIMARY KEY, seq INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`;

/** Rows of one table by their sequence number. */
export interface RowReader<R> {
  /** Behind a number, the oldest first. */
  after(seq: number, limit: number): readonly R[];
  at(seq: number): R | undefined;
}

/** @param rows selects all of them */
export function rowReader<R>(database: Database, rows: string): RowReader<R> {
  const after: Statement<R> = database.prepare(
    `${rows} WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const at: Statement<R> = database.prepare(`${rows} WHERE seq = ?`);
  return {
    after: (seq, limit) => after.all(seq, limit),
    at: (seq) => at.get(seq),
  };
}

/** Tells the newest record's number, or the mark behind which the next comes. */
export function lastReader(database: Database, table: string): () => number {
  const newest = database
    .prepare<[], number | null>(`SELECT max(seq) FROM ${table}`)
    .pluck();
  const behind = new Marks(database).of(BEHIND);
  return () => Math.max(behind, newest.get() ?? 0);
}

export const BEHIND = "behind";

/** What answers at once, as a promise: a failure is a rejection. */
export const promised = <T>(act: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(act());
  });
