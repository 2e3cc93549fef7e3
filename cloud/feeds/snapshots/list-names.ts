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

/** The first lists that name a range, those of everybody's feeds before orgs'. */
export interface NamedBy {
  readonly lists: readonly Naming[];
  /** How often it is named in all. */
  readonly total: number;
}

/** Finds the lists that name a range, as they were imported last. */
export class ListNames {
  readonly #naming: Statement<Row>;

  constructor(database: Database) {
    this.#naming = database.prepare(NAMING);
  }

  /** Those of the feeds, with the widest range first; undefined: of all feeds. */
  naming(
    range: Cidr,
    feeds: readonly FeedName[] | undefined,
    now: number,
  ): NamedBy {
    const around = Array.from({ length: range.prefix }, (_, i) =>
      Buffer.from(widened(range, i + 1).address).toString("hex"),
    );
    const rows = this.#naming.all({
      ...{ family: range.family, around: JSON.stringify(around), now },
      feeds: feeds === undefined ? null : JSON.stringify(feeds),
    });
    return {
      lists: rows.map(({ feed, list, prefix, until }) => {
        const named = formatCidr(widened(range, prefix));
        return { feed, list, range: named, until };
      }),
      total: rows[0]?.total ?? 0,
    };
  }
}

interface Row extends Pick<Naming, "feed" | "list" | "until"> {
  readonly prefix: number;
  readonly total: number;
}

/** Of one feed: whoever imports many lists hides nobody else's. */
const MOST_OF_A_FEED = 16;

const MOST_LISTS = 64;

/** From the range to the lists, so that lists without it cost nothing. */
const NAMING = `
  SELECT feed, list, prefix, until, total FROM (
    SELECT l.feed, l.name AS list, d.prefix, d.expires_at AS until,
      count(*) OVER () AS total,
      row_number() OVER (PARTITION BY l.feed ORDER BY l.name, d.prefix) AS nth
    FROM json_each(@around) a
      CROSS JOIN listed d ON d.family = @family AND d.prefix = a.key + 1
        AND d.address = unhex(a.value)
      CROSS JOIN lists l ON l.id = d.list
    WHERE d.expires_at > @now AND (@feeds IS NULL
      OR l.feed IN (SELECT value FROM json_each(@feeds)))
  ) WHERE nth <= ${MOST_OF_A_FEED}
  ORDER BY feed LIKE 'org/%', feed, list, prefix LIMIT ${MOST_LISTS}`;
