import { Database } from "../sqlite/database.js";
import { blameLedger } from "./damage.js";
import { migrations } from "./migrations/migrations.js";

export type { Database, Statement } from "../sqlite/database.js";

/** The file may not grow beyond this: no feed fills a customer's disk. */
export const MOST_BYTES = 1024 ** 3;

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
