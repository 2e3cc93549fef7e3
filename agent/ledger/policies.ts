import type { UnixMs } from "../runtime/clock.js";
import type { Database, Statement } from "./database.js";

/** A policy as it is kept: whoever reads it has to verify it again. */
export interface KeptPolicy {
  readonly org: string;
  readonly version: number;
  /** The signed text, as JSON; null where it counts no more. */
  readonly signed: string | null;
  /** No other is to be of a time before; milliseconds since 1970. */
  readonly leastIssuedAt: UnixMs;
}

/** The newest policy of this host's org: one row, whichever org that is. */
export class Policies {
  readonly #db: Database;
  readonly #one: Statement<KeptPolicy>;
  readonly #put: Statement<never>;
  readonly #clear: Statement<never>;

  constructor(db: Database) {
    this.#db = db;
    this.#one = db.prepare(
      `SELECT org, version, signed, least_issued_at AS leastIssuedAt
       FROM policies LIMIT 1`,
    );
    this.#put = db.prepare("INSERT INTO policies VALUES (?, ?, ?, ?)");
    this.#clear = db.prepare("DELETE FROM policies");
  }

  kept(): KeptPolicy | undefined {
    return this.#db.read(() => this.#one.get());
  }

  /** In place of the one before. */
  keep({ org, version, signed, leastIssuedAt }: KeptPolicy): void {
    this.#db.transaction(() => {
      this.#clear.run();
      this.#put.run(org, version, signed, leastIssuedAt);
    });
  }

  forget(): void {
    this.#db.transaction(() => this.#clear.run());
  }
}
