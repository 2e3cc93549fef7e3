import type { Family } from "../../../agent/model/cidr.js";
import type { Database, Statement } from "../../journal/database.js";
import type { BanEntry } from "./columns.js";

/**
 * Reads all bans out of their tables, page by page. What changes in the meantime is
 * told by who changes it, and read as it is then, or has been.
 */
export class Loading {
  readonly #page: Statement<Row>;
  readonly #now: number;
  #last: Row | undefined;

  /** @param now Unix seconds: what has ended by then is left out */
  constructor(database: Database, now: number) {
    this.#now = now;
    this.#page = database
      .prepare<unknown[], Row>(
        `SELECT feed, family, prefix, address, expires_at, observed, reason,
           decision, rings IS NOT NULL
         FROM bans WHERE (feed, family, prefix, address) > (?, ?, ?, ?)
         ORDER BY feed, family, prefix, address LIMIT ${AT_ONCE}`,
      )
      .raw();
  }

  /** The next few thousand; undefined: there are no more. */
  next(): readonly BanEntry[] | undefined {
    const [feed, family, prefix, address] = this.#last ?? BEFORE_ALL;
    const rows = this.#page.all(feed, family, prefix, address);
    this.#last = rows.at(-1);
    if (this.#last === undefined) return undefined;
    return rows.filter(([, , , , until]) => until > this.#now).map(entryOf);
  }
}

type Row = readonly [
  feed: number,
  family: Family,
  prefix: number,
  address: Uint8Array,
  until: number,
  observed: 0 | 1,
  reason: number,
  decision: number,
  ringed: 0 | 1,
];

const BEFORE_ALL = [0, 0, 0, new Uint8Array(0)] as const;

/** Some five milliseconds. */
const AT_ONCE = 4_000;

const entryOf = ([
  feed,
  family,
  prefix,
  address,
  until,
  observed,
  reason,
  decision,
  ringed,
]: Row): BanEntry => ({
  feed,
  cidr: { family, prefix, address },
  until,
  observed: observed === 1,
  reason,
  decision,
  ringed: ringed === 1,
});
