import { formatCidr, widened, type Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { Database, Statement } from "../../journal/database.js";

/** A list that has a range, or one around it. */
export interface Naming {
  readonly feed: FeedName;
  readonly list: string;
  readonly range: string;
  /** Unix seconds. */
  readonly until: number;
}

/** Finds the lists that name a range, as they were imported last. */
export class ListNames {
  readonly #lists: Statement<Pick<Naming, "feed" | "list"> & { id: number }>;
  readonly #has: Statement<number>;

  constructor(database: Database) {
    this.#lists = database.prepare(
      `SELECT id, feed, name AS list FROM lists ORDER BY feed, name
       LIMIT ${MOST_LISTS}`,
    );
    this.#has = database
      .prepare<unknown[], number>(
        `SELECT expires_at FROM listed
         WHERE list = ? AND family = ? AND prefix = ? AND address = ?
           AND expires_at > ?`,
      )
      .pluck();
  }

  /** Those of the feeds, with the widest range first; undefined: of all feeds. */
  naming(
    range: Cidr,
    feeds: readonly FeedName[] | undefined,
    now: number,
  ): readonly Naming[] {
    const around = Array.from({ length: range.prefix }, (_, i) =>
      widened(range, i + 1),
    );
    return this.#lists.all().flatMap(({ id, feed, list }) => {
      if (feeds !== undefined && !feeds.includes(feed)) return [];
      return around.flatMap((cidr): readonly Naming[] => {
        const { family, prefix, address } = cidr;
        const until = this.#has.get(id, family, prefix, address, now);
        if (until === undefined) return [];
        return [{ feed, list, range: formatCidr(cidr), until }];
      });
    });
  }
}

/** Looked through in some milliseconds, at each prefix length. */
const MOST_LISTS = 64;
