import type { FeedName } from "../model/position.js";
import type { Changes } from "./changes.js";
import { MOST_REPLAYED } from "./comparison.js";
import type { Copies, CopyRow } from "./copies.js";
import type { Database, Statement } from "./database.js";
import type { Feeds } from "./feeds.js";
import { cidrOfRow, type RangeRow } from "./rows.js";

/** Leaves feeds that this host does not follow any more, and their bans. */
export class Departure {
  readonly #db: Database;
  readonly #tables: DepartureTables;
  readonly #enforced: Statement<RangeRow>;

  constructor(db: Database, tables: DepartureTables) {
    this.#db = db;
    this.#tables = tables;
    this.#enforced = db.prepare(
      "SELECT addr, prefix FROM bans WHERE copy = ? AND held IS NULL",
    );
  }

  /**
   * One transaction; writes nothing where there is nothing to leave. Returns whether
   * the kernel is to know.
   */
  leaveAllBut(kept: readonly FeedName[]): boolean {
    const { feeds, copies } = this.#tables;
    const isLeft = ({ feed }: { readonly feed: FeedName }) =>
      !kept.includes(feed);
    return this.#db.transaction(() => {
      const left = copies.allCurrent().filter(isLeft);
      if (left.length > 0) this.#retire(left);
      for (const { feed } of feeds.positions().filter(isLeft)) {
        feeds.forget(feed);
      }
      return left.length > 0;
    });
  }

  #retire(left: readonly CopyRow[]): void {
    const { copies, changes } = this.#tables;
    const revision = changes.nextRevision();
    changes.beginAnew(); // another org's bans are not to come back
    const bans = left.reduce((sum, copy) => sum + copy.bans, 0);
    for (const { id } of left) {
      copies.retire(id);
      if (bans > MOST_REPLAYED) continue;
      for (const row of this.#enforced.all(id)) {
        changes.mark(revision, cidrOfRow(row));
      }
    }
    if (bans > MOST_REPLAYED) changes.dropHistory();
  }
}

interface DepartureTables {
  readonly feeds: Feeds;
  readonly copies: Copies;
  readonly changes: Changes;
}
