import type { FeedName } from "../model/position.js";
import type { Database, Statement } from "./database.js";

/** An approval as it is kept: whoever reads it has to verify it again. */
export interface KeptApproval {
  readonly feed: FeedName;
  readonly version: number;
  /** The signed text, as JSON. */
  readonly signed: string;
}

/** The newest approval of each feed. */
export class Approvals {
  readonly #all: Statement<KeptApproval>;
  readonly #put: Statement<never>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    this.#all = db.prepare("SELECT * FROM approvals ORDER BY feed");
    this.#put = db.prepare("INSERT OR REPLACE INTO approvals VALUES (?, ?, ?)");
    this.#forget = db.prepare("DELETE FROM approvals WHERE feed = ?");
  }

  all(): readonly KeptApproval[] {
    return this.#all.all();
  }

  put({ feed, version, signed }: KeptApproval): void {
    this.#put.run(feed, version, signed);
  }

  forget(feed: FeedName): void {
    this.#forget.run(feed);
  }
}
