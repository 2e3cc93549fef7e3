import { Database } from "../sqlite/database.js";
import { blameLedger } from "./damage.js";
import { migrations } from "./migrations/migrations.js";

export type { Database, Statement } from "../sqlite/database.js";

/**
 * The file may not grow beyond this: no feed fills a customer's disk. It has room
 * for so many bans in force twice over, as a snapshot is loaded beside the copy
 * that it replaces: a row takes 30 to 75 bytes. The rest, all of it bounded, is
 * for reasons, held bans, a day's history and what is free.
 */
export const mostBytesFor = (entries: number): number =>
  128 * 1024 ** 2 + entries * 160;

/** For as many as `guard.limits.entries` allows unless somebody says otherwise. */
export const MOST_BYTES = mostBytesFor(2_000_000);

/** "tqnt". */
const APPLICATION_ID = 0x74716e74;

/**
 * Opens the ledger's SQLite file, made when there is none.
 * @throws LedgerDamage, and then holds nothing; so does all that it is used for
 */
export function openLedgerFile(path: string, mostBytes = MOST_BYTES): Database {
  const blame = blameLedger(path);
  const applicationId = APPLICATION_ID;
  return Database.open(path, { applicationId, migrations, mostBytes, blame });
}
