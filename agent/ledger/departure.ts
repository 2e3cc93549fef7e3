import { familyOf, isOfGroup, type FeedName } from "../model/position.js";
import type { UnixSeconds } from "../runtime/clock.js";
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
  leaveAllBut(kept: readonly FeedName[], now: UnixSeconds): boolean {
    const { feeds, copies } = this.#tables;
    const isLeft = ({ feed }: { readonly feed: FeedName }) =>
      !kept.includes(feed);
    return this.#db.transaction(() => {
      const left = copies.allCurrent().filter(isLeft);
      if (left.length > 0) this.#retire(left, kept, now);
      for (const { feed } of feeds.positions().filter(isLeft)) {
        feeds.forget(feed);
      }
      return left.length > 0;
    });
  }

  /** What was before can be gone back to, unless it was another org's, or is much. */
  #retire(
    left: readonly CopyRow[],
    kept: readonly FeedName[],
    now: UnixSeconds,
  ): void {
    const { copies, changes } = this.#tables;
    const revision = changes.begin("review", now);
    const bans = left.reduce((sum, { bans, held }) => sum + bans - held, 0);
    const isMuch = bans > MOST_REPLAYED;
    const isOwn = ({ feed }: CopyRow) =>
      isOfGroup(feed) && kept.some((each) => each === familyOf(feed));
    const ranges = isMuch
      ? []
      : left.flatMap(({ id }) => this.#enforced.all(id).map(cidrOfRow));
    for (const cidr of ranges) changes.changing(revision, cidr, now);
    for (const { id } of left) copies.retire(id);
    if (isMuch) changes.dropHistory();
    if (isMuch || !left.every(isOwn)) changes.beginAnew();
  }
}

interface DepartureTables {
  readonly feeds: Feeds;
  readonly copies: Copies;
  readonly changes: Changes;
}
