import BetterSqlite3 from "better-sqlite3";
import { asDamage, type Blame } from "./damage.js";
import { ensureFile } from "./file.js";

/** A prepared statement whose rows look like `Row`. */
export type Statement<Row> = BetterSqlite3.Statement<unknown[], Row>;

/** One step of a format; frozen once released, so it imports nothing. */
export interface Migration {
  /** Also the `user_version` of a file that has taken it. */
  readonly id: number;
  up(db: { exec(sql: string): unknown }): void;
}

/** What a room keeps in its file, and how it speaks of it. */
export interface Format {
  /** So that `file` and we tell it from anybody else's database. */
  readonly applicationId: number;
  /** In order, from 1, without a gap. */
  readonly migrations: readonly Migration[];
  /** The file may not grow beyond this. */
  readonly mostBytes: number;
  readonly blame: Blame;
}

/**
 * A SQLite file, held exclusively while open, every commit on the disk before
 * it is believed. Errors come out as its format's `blame` makes them.
 */
export class Database {
  readonly blame: Blame;
  readonly pageBytes: number;
  readonly #mostBytes: number;
  readonly #sqlite: BetterSqlite3.Database;
  readonly #inTransaction: BetterSqlite3.Transaction<
    (work: () => unknown) => unknown
  >;

  private constructor(
    readonly path: string,
    { blame, mostBytes }: Format,
    sqlite: BetterSqlite3.Database,
  ) {
    this.blame = blame;
    this.#mostBytes = mostBytes;
    this.#sqlite = sqlite;
    this.pageBytes = Number(sqlite.pragma("page_size", { simple: true }));
    this.#inTransaction = sqlite.transaction((work: () => unknown) => work());
  }

  /**
   * Opens the file, made when there is none, checked and migrated.
   * @throws what the format's `blame` makes of it, and then holds nothing
   */
  static open(path: string, format: Format): Database {
    const { blame } = format;
    return inItsWords(blame, () => {
      ensureFile(path, blame, (fresh) => initialise(fresh, format));
      const sqlite = connect(path);
      try {
        holdAlone(sqlite);
        identify(sqlite, format);
        settle(sqlite, format);
        examine(sqlite, blame);
        migrate(sqlite, format.migrations);
        return new Database(path, format, sqlite);
      } catch (error) {
        sqlite.close();
        throw error;
      }
    });
  }

  prepare<Row>(sql: string): Statement<Row> {
    return this.read(() => this.#sqlite.prepare<unknown[], Row>(sql));
  }

  /** All that `work` writes, or, should it throw, nothing of it. */
  transaction<T>(work: () => T): T {
    return this.read(() => this.#inTransaction.immediate(work) as T);
  }

  /** Does `work`, and tells its failures in the room's words. */
  read<T>(work: () => T): T {
    return inItsWords(this.blame, work);
  }

  /** How many pages the file has, and how many of them hold nothing. */
  pages(): { readonly all: number; readonly free: number } {
    const all = Number(this.#pragma("page_count"));
    return { all, free: Number(this.#pragma("freelist_count")) };
  }

  /**
   * Lets the file grow to so many pages, and no further than its format does.
   * Returns how many those are; never fewer than there are.
   */
  capAt(pages: number): number {
    const most = Math.floor(this.#mostBytes / this.pageBytes);
    const cap = Math.min(Math.max(1, pages), most);
    return Number(this.#pragma(`max_page_count = ${cap}`));
  }

  /** Brings what is in the log into the file, and the log can begin anew. */
  checkpoint(): void {
    this.#pragma("wal_checkpoint(PASSIVE)");
  }

  /**
   * Copies all of it into a file that nobody has yet, a piece at a time: the event
   * loop turns in between, and what is written meanwhile is in the copy as well.
   */
  async copyTo(path: string): Promise<void> {
    try {
      await this.#sqlite.backup(path);
    } catch (error) {
      throw asDamage(this.blame, error);
    }
  }

  close(): void {
    this.read(() => this.#sqlite.close());
  }

  #pragma(text: string): unknown {
    return this.read(() => this.#sqlite.pragma(text, { simple: true }));
  }
}

/**
 * A database that another version may have written, of which nothing is known for
 * sure: asked for what is known, and never changed. Its log is read along.
 */
export class ForeignFile implements Disposable {
  readonly #sqlite: BetterSqlite3.Database;

  private constructor(sqlite: BetterSqlite3.Database) {
    this.#sqlite = sqlite;
  }

  /** Undefined where there is none, or none that can be read. */
  static open(path: string): ForeignFile | undefined {
    let sqlite: BetterSqlite3.Database | undefined;
    try {
      sqlite = new BetterSqlite3(path, {
        fileMustExist: true,
        timeout: LOCK_PATIENCE_MS,
      });
      sqlite.pragma("locking_mode = EXCLUSIVE");
      sqlite.pragma("trusted_schema = OFF");
      sqlite.prepare("SELECT count(*) FROM sqlite_schema").get();
      return new ForeignFile(sqlite);
    } catch {
      sqlite?.close();
      return undefined;
    }
  }

  /** Undefined where it does not have what is asked for, or cannot be read. */
  rows(sql: string): readonly unknown[] | undefined {
    try {
      return this.#sqlite.prepare(sql).all();
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#sqlite.close();
  }
}

/** How long to wait for a predecessor that is just exiting; blocks meanwhile. */
const LOCK_PATIENCE_MS = 1000;

/**
 * So many pages of the log are brought into the file: a tenth of a second of
 * changes at their fastest. What the log may take on the disk is room that a
 * small state folder does not have.
 */
export const LOG_PAGES = 256;

/**
 * What each setting must read back as. FULL, as in ten simulated power cuts
 * NORMAL, the default of better-sqlite3, lost acknowledged rows ten times.
 */
const SETTINGS = {
  journal_mode: "wal",
  synchronous: 2,
  foreign_keys: 1,
  trusted_schema: 0,
  cell_size_check: 1,
  journal_size_limit: 4 * 1024 ** 2,
  wal_autocheckpoint: LOG_PAGES,
  cache_size: -4096, // KiB
} as const;

function connect(path: string): BetterSqlite3.Database {
  return new BetterSqlite3(path, {
    fileMustExist: true,
    timeout: LOCK_PATIENCE_MS,
  });
}

/** Makes a new database out of an empty file. */
function initialise(path: string, format: Format): void {
  const sqlite = connect(path);
  try {
    sqlite.pragma(`application_id = ${format.applicationId}`);
    settle(sqlite, format);
    migrate(sqlite, format.migrations);
  } finally {
    sqlite.close();
  }
}

/** Set before the first read of a WAL file, this also spares the -shm file. */
function holdAlone(sqlite: BetterSqlite3.Database): void {
  sqlite.pragma("locking_mode = EXCLUSIVE");
  sqlite.exec("BEGIN EXCLUSIVE; COMMIT");
}

function identify(
  sqlite: BetterSqlite3.Database,
  { applicationId, migrations, blame }: Format,
): void {
  if (sqlite.pragma("application_id", { simple: true }) !== applicationId) {
    throw blame("unusable", "is a database of something else");
  }
  const version = versionOf(sqlite);
  if (version > migrations.length) {
    throw blame(
      "from-the-future",
      `has format ${version}; this version knows up to ${migrations.length}`,
    );
  }
}

function settle(
  sqlite: BetterSqlite3.Database,
  { mostBytes, blame }: Format,
): void {
  for (const [name, value] of Object.entries(SETTINGS)) {
    sqlite.pragma(`${name} = ${value}`);
    const actual: unknown = sqlite.pragma(name, { simple: true });
    if (actual !== value) {
      throw blame(
        "unusable",
        `can't be used with ${name} ${value}: it stays ${String(actual)}`,
      );
    }
  }
  const pageBytes = Number(sqlite.pragma("page_size", { simple: true }));
  sqlite.pragma(`max_page_count = ${Math.floor(mostBytes / pageBytes)}`);
}

/**
 * At every start, clean or not, as disks also rot while nobody writes: 0.13 s
 * for a million bans, spent on pages that the ruleset is read from next. It sees
 * broken pages, rows and keys, but not another value in a sound row.
 */
function examine(sqlite: BetterSqlite3.Database, blame: Blame): void {
  const finding: unknown = sqlite.pragma("quick_check(1)", { simple: true });
  if (finding !== "ok") {
    throw blame("corrupt", `is damaged: ${String(finding)}`);
  }
}

/** One transaction a step: a crash leaves the format before or after it. */
function migrate(
  sqlite: BetterSqlite3.Database,
  migrations: readonly Migration[],
): void {
  const step = sqlite.transaction((migration: Migration) => {
    migration.up(sqlite);
    sqlite.pragma(`user_version = ${migration.id}`);
  });
  for (const migration of migrations.slice(versionOf(sqlite))) step(migration);
}

function versionOf(sqlite: BetterSqlite3.Database): number {
  return Number(sqlite.pragma("user_version", { simple: true }));
}

function inItsWords<T>(blame: Blame, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asDamage(blame, error);
  }
}
