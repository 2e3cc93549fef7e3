import type { Database, Statement } from "./database.js";
import { LedgerCorrupt } from "./damage.js";

/** The few numbers that the ledger keeps about itself. */
export class Meta {
  readonly #path: string;
  readonly #get: Statement<number>;
  readonly #set: Statement<never>;

  constructor(db: Database) {
    this.#path = db.path;
    this.#get = db
      .prepare<number>("SELECT value FROM meta WHERE key = ?")
      .pluck();
    this.#set = db.prepare("UPDATE meta SET value = ? WHERE key = ?");
  }

  get(key: MetaKey): number {
    const value = this.#get.get(key);
    if (value === undefined) {
      throw new LedgerCorrupt(this.#path, `has lost its ${key}`);
    }
    return value;
  }

  set(key: MetaKey, value: number): void {
    this.#set.run(value, key);
  }
}

type MetaKey =
  | "ledger"
  | "revision"
  | "replayable_from"
  /** Digest of the guard that has seen every ban. */
  | "guard"
  /** 0 for enforce, 1 for observe. */
  | "mode"
  /** Unix seconds until which a pause lasts; 0 for none. */
  | "paused_until"
  /** The earliest revision that can be gone back to. */
  | "history_from"
  /** Where a rollback under way goes back to; below 0 for none. */
  | "rollback_target"
  /** Unix seconds until which it withholds. */
  | "rollback_until";
