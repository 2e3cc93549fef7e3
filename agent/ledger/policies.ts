import type { PolicyFloor } from "../trust/policy.js";
import type { Database, Statement } from "./database.js";

/** A policy as it is kept: whoever reads it has to verify it again. */
export interface KeptPolicy extends PolicyFloor {
  readonly org: string;
  readonly version: number;
  /** The signed text, as JSON; null where it counts no more. */
  readonly signed: string | null;
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
      `SELECT org, version, signed, least_issued_at AS leastIssuedAt,
         least_allowed_at AS leastAllowedAt
       FROM policies LIMIT 1`,
    );
    this.#put = db.prepare("INSERT INTO policies VALUES (?, ?, ?, ?, ?)");
    this.#clear = db.prepare("DELETE FROM policies");
  }

  kept(): KeptPolicy | undefined {
    return this.#db.read(() => this.#one.get());
  }

  /** In place of the one before. */
  keep({ org, version, signed, ...floor }: KeptPolicy): void {
    const { leastIssuedAt, leastAllowedAt } = floor;
    this.#db.transaction(() => {
      this.#clear.run();
      this.#put.run(org, version, signed, leastIssuedAt, leastAllowedAt);
    });
  }

  forget(): void {
    this.#db.transaction(() => this.#clear.run());
  }
}
