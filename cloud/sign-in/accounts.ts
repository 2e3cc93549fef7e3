import { chmodSync, closeSync, openSync } from "node:fs";
import {
  DatabaseUnusable,
  openDatabase,
  type Database,
} from "../journal/database.js";

/**
 * Opens `accounts.db`: what operators sign in with and what is open for them now.
 * Unlike the decisions it may change and forget, so secrets' hashes stand here
 * alone. Only its owner may read it.
 * @throws DatabaseUnusable when a later version wrote it
 */
export function openAccounts(path: string): Database {
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
