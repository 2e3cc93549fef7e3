import { rmSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";

export type Database = BetterSqlite3.Database;

/** A prepared statement whose rows look like `Row`. */
export type Statement<Row> = BetterSqlite3.Statement<unknown[], Row>;

/** Runs what it is given as one transaction. */
export type Transaction = BetterSqlite3.Transaction<
  (act: () => unknown) => unknown
>;

/**
 * What a commit is worth. `full`: it survives a power cut. `rebuildable`: the
 * file may lose its last commits, because a fold over the journal restores them.
 */
export type Durability = "full" | "rebuildable" | "read-only";

/** The settings that were asked for did not take. */
export class DatabaseUnusable extends Error {
  override readonly name = "DatabaseUnusable";
}

/**
 * Opens a SQLite file in WAL mode and reads back what it was told. A damaged
 * file that can be folded anew is thrown away.
 */
export function openDatabase(path: string, durability: Durability): Database {
  try {
    return open(path, durability);
  } catch (error) {
    if (durability !== "rebuildable" || !isDamage(error)) throw error;
    removeDatabase(path);
    return open(path, durability);
  }
}

/** Removes a file that can be folded anew. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(path + suffix, { force: true });
  }
}

/**
 * Holds the folder for this process until disposed; the kernel lets go of it
 * should the process die.
 * @throws DatabaseUnusable when another process holds it
 */
export function holdAlone(path: string): Disposable {
  const lock = new BetterSqlite3(path, { timeout: 0 });
  try {
    // What a transaction notes beside the file would need room on the disk.
    lock.pragma("journal_mode = memory");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    if (codeOf(cause) !== "SQLITE_BUSY") throw cause;
    throw new DatabaseUnusable(`${path} is held by another process`, { cause });
  }
  return { [Symbol.dispose]: () => void lock.close() };
}

/** How long everything waits for somebody else's lock before giving up. */
const PATIENCE_MS = 250;

function open(path: string, durability: Durability): Database {
  const readonly = durability === "read-only";
  const database = new BetterSqlite3(path, { readonly, timeout: PATIENCE_MS });
  try {
    if (!readonly) {
      set(database, "journal_mode", "wal");
      set(database, "synchronous", durability === "full" ? 2 : 1);
    }
    set(database, "foreign_keys", 1);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error
    ? error.code
    : undefined;

function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code === "SQLITE_NOTADB" || code === "SQLITE_CORRUPT";
}

function set(database: Database, name: string, value: string | number): void {
  database.pragma(`${name} = ${value}`);
  const actual: unknown = database.pragma(name, { simple: true });
  if (actual === value) return;
  throw new DatabaseUnusable(
    `${database.name}: ${name} stays ${String(actual)} instead of ${value}`,
  );
}
