import { chmodSync, closeSync, openSync, renameSync, rmSync } from "node:fs";
import type { Logger } from "../../agent/log/logger.js";
import {
  DatabaseUnusable,
  openDatabase,
  type Database,
} from "../journal/database.js";

/**
 * Opens `accounts.db`: what operators sign in with and what is open for them now.
 * Unlike the decisions it may change and forget, so secrets' hashes stand here
 * alone. Only its owner may read it. A damaged one is put aside: people then set
 * their passwords anew, and the cloud goes on.
 * @throws DatabaseUnusable when a later version wrote it
 */
export function openAccounts(
  path: string,
  log: Pick<Logger, "error">,
): Database {
  try {
    return open(path);
  } catch (error) {
    if (!isDamage(error)) throw error;
    const aside = `${path}.damaged`;
    renameSync(path, aside);
    for (const suffix of ["-wal", "-shm"])
      rmSync(path + suffix, { force: true });
    const what = "the accounts are damaged: passwords have to be set anew";
    log.error(what, { aside, error });
    return open(path);
  }
}

function open(path: string): Database {
  // Made before SQLite opens it: its other files take the mode over.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const database = openDatabase(path, "full");
  try {
    const version = database.pragma("user_version", { simple: true });
    if (Number(version) > VERSION) {
      throw new DatabaseUnusable(
        `${path} is of a later version of the cloud: start that one`,
      );
    }
    database.exec(TABLES);
    database.pragma(`user_version = ${VERSION}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  // What SQLite throws need not be of this realm's class of errors.
  const hasCode =
    typeof error === "object" && error !== null && "code" in error;
  const code = hasCode ? String(error.code) : "";
  return code === "SQLITE_NOTADB" || code === "SQLITE_CORRUPT";
}

const VERSION = 1;

const TABLES = `
  CREATE TABLE IF NOT EXISTS passwords (
    credential TEXT PRIMARY KEY, hash TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS passkey_counters (
    credential TEXT PRIMARY KEY, counter INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sessions (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, operator TEXT NOT NULL,
    way TEXT NOT NULL, begun_with TEXT, place TEXT NOT NULL,
    made_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS sessions_by_operator ON sessions (operator, seen_at);
  CREATE INDEX IF NOT EXISTS sessions_by_seen ON sessions (seen_at);
  CREATE TABLE IF NOT EXISTS step_ups (
    credential TEXT PRIMARY KEY, until INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS known_places (
    operator TEXT NOT NULL, place TEXT NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (operator, place)
  ) STRICT`;
