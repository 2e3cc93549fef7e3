import { EVERYBODYS } from "../feeds/audience.js";
import type { Database, Statement } from "../journal/database.js";
import type { Turns } from "../rate/turns.js";
import type { Month } from "./month.js";

/** Who banned: a rule, whoever brought a list, or people. */
export type BannedBy = "rule" | "list" | "people";

/** Bans that were in force at some time, of those who gave them. */
export interface BansBy {
  readonly by: BannedBy;
  /** A rule's name, or a list's; null: of people, and of lists without one. */
  readonly name: string | null;
  /** Of a feed of the org's own. */
  readonly isOwn: boolean;
  readonly observed: boolean;
  readonly decisions: number;
  readonly ranges: number;
}

/** What was decided within a month. */
export interface DecidedCounts {
  readonly bans: number;
  readonly lists: number;
  readonly lifts: number;
  readonly undone: number;
}

/** Tells what was decided for the hosts of an org in a month. */
export class DecidedIn {
  readonly #seqs: Statement<{ readonly least: number; readonly most: number }>;
  readonly #decidedAt: Statement<number>;
  readonly #stretch: Statement<number>;
  readonly #bans: Statement<BansRow>;
  readonly #counts: Statement<Omit<DecidedCounts, "undone">>;
  readonly #undone: Statement<number>;
  readonly #ids: Statement<string>;
  readonly #few: Statement<number>;

  /** @param database the view of what was decided */
  constructor(database: Database) {
    this.#seqs = database.prepare(
      `SELECT coalesce(min(seq), 0) AS least, coalesce(max(seq), 0) AS most
       FROM decisions`,
    );
    this.#decidedAt = pluck(
      database,
      "SELECT decided_at FROM decisions WHERE seq >= ? ORDER BY seq LIMIT 1",
    );
    this.#stretch = pluck(
      database,
      `SELECT seq FROM decisions WHERE seq < ?
       ORDER BY seq DESC LIMIT 1 OFFSET ${ROWS_A_TURN}`,
    );
    this.#bans = database.prepare(BANS);
    this.#counts = database.prepare(
      `SELECT coalesce(sum(action = 'ban'), 0) AS bans,
         coalesce(sum(action = 'import'), 0) AS lists,
         coalesce(sum(action = 'lift'), 0) AS lifts
       FROM decisions
       WHERE seq >= @low AND seq < @high AND undoes IS NULL AND ${WHOSE}`,
    );
    this.#undone = pluck(
      database,
      `SELECT count(DISTINCT u.undoes) FROM undone u
       JOIN decisions ON id = u.undoes
       WHERE u.at >= @from AND u.at < @to AND ${WHOSE}`,
    );
    this.#ids = database
      .prepare<unknown[], string>(
        `SELECT id FROM (SELECT * FROM decisions
           WHERE seq >= @low AND seq < @high ORDER BY seq LIMIT ${FEW_ROWS})
         WHERE action <> 'lift' AND epoch IS NOT NULL AND ${WHOSE}
         ORDER BY seq LIMIT @most`,
      )
      .pluck();
    this.#few = pluck(
      database,
      `SELECT count(*) FROM (SELECT 1 FROM decisions
         WHERE seq >= ? AND seq < ? LIMIT ${FEW_ROWS})`,
    );
  }

  /**
   * Bans that could be in force at some time of the month, the most ranges first:
   * what was lifted, or undone, before its time is among them.
   * @throws GivenUp
   */
  async bans(
    org: string,
    { from, to }: Month,
    turns: Turns,
  ): Promise<{ readonly bans: readonly BansBy[]; readonly isWhole: boolean }> {
    const found = new Map<string, BansBy>();
    let high = this.#seqAt(to);
    for (let left = MOST_LOOKED_AT; left > 0; left -= ROWS_A_TURN) {
      const low = this.#stretch.get(high) ?? 0;
      const since = Math.floor(from / 1_000);
      const asked = { ...whose(org), low, high, from: since };
      for (const row of this.#bans.all(asked)) add(row, found);
      if (low === 0) return { bans: sorted(found), isWhole: true };
      high = low;
      await turns.next();
    }
    return { bans: sorted(found), isWhole: false };
  }

  async counts(
    org: string,
    { from, to }: Month,
    turns: Turns,
  ): Promise<DecidedCounts> {
    const [first, end] = [this.#seqAt(from), this.#seqAt(to)];
    const sums = { bans: 0, lists: 0, lifts: 0 };
    for (let high = end; high > first;) {
      const low = Math.max(first, this.#stretch.get(high) ?? 0);
      const found = this.#counts.get({ ...whose(org), low, high });
      sums.bans += found?.bans ?? 0;
      sums.lists += found?.lists ?? 0;
      sums.lifts += found?.lifts ?? 0;
      high = low;
      await turns.next();
    }
    const undone = this.#undone.get({ ...whose(org), from, to }) ?? 0;
    return { ...sums, undone };
  }

  /** Decisions that banned within the month: all, or so many from all over it. */
  async some(
    org: string,
    { from, to }: Pick<Month, "from" | "to">,
    most: number,
    turns: Turns,
  ): Promise<readonly string[]> {
    const [low, high] = [this.#seqAt(from), this.#seqAt(to)];
    if ((this.#few.get(low, high) ?? 0) < FEW_ROWS) {
      const asked = { ...whose(org), low, high, most: most + 1 };
      const all = this.#ids.all(asked);
      if (all.length <= most) return all;
    }
    const found: string[] = [];
    const step = (high - low) / most;
    for (let nth = 0; nth < most; nth++) {
      const begin = Math.round(low + nth * step);
      const end = Math.round(low + (nth + 1) * step);
      const asked = { ...whose(org), low: begin, high: end, most: 1 };
      found.push(...this.#ids.all(asked));
      await turns.next();
    }
    return found;
  }

  /** The number of the first decision since then: they are in the order of time. */
  #seqAt(time: number): number {
    let { least: low, most: high } = this.#seqs.get() ?? NONE;
    high += 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const at = this.#decidedAt.get(middle);
      if (at === undefined || at >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

interface BansRow {
  readonly by: BannedBy;
  readonly name: string | null;
  readonly isOwn: 0 | 1;
  readonly observed: 0 | 1;
  readonly decisions: number;
  readonly ranges: number;
}

const NONE = { least: 0, most: 0 };

/** What bans in any of an org's feeds, or in everybody's. */
const WHOSE = `(feed IN (SELECT value FROM json_each(@feeds))
  OR substr(feed, 1, length(@groups)) = @groups)`;

const whose = (org: string) => ({
  feeds: JSON.stringify([...EVERYBODYS, `org/${org}`]),
  groups: `org/${org}/`,
});

const BY = `CASE WHEN decided_by LIKE 'rule:%' THEN 'rule'
  WHEN action = 'import' THEN 'list' ELSE 'people' END`;

const BANS = `
  SELECT ${BY} AS by,
     CASE ${BY} WHEN 'rule' THEN substr(decided_by, 6)
       WHEN 'list' THEN list END AS name,
     feed NOT IN (${EVERYBODYS.map((feed) => `'${feed}'`).join(", ")})
       AS isOwn,
     observed, count(*) AS decisions, total(ranges) AS ranges
   FROM decisions
   WHERE seq >= @low AND seq < @high AND action <> 'lift'
     AND undoes IS NULL AND (until IS NULL OR until > @from) AND ${WHOSE}
   GROUP BY 1, 2, 3, 4`;

const pluck = (database: Database, text: string): Statement<number> =>
  database.prepare<unknown[], number>(text).pluck();

function add(row: BansRow, found: Map<string, BansBy>): void {
  const { by, name, isOwn, observed } = row;
  const key = JSON.stringify([by, name, isOwn, observed]);
  const known = found.get(key);
  found.set(key, {
    ...{ by, name, isOwn: isOwn === 1, observed: observed === 1 },
    decisions: row.decisions + (known?.decisions ?? 0),
    ranges: row.ranges + (known?.ranges ?? 0),
  });
}

const sorted = (found: ReadonlyMap<string, BansBy>): readonly BansBy[] =>
  [...found.values()].sort((a, b) => b.ranges - a.ranges);

/** Some milliseconds. */
const ROWS_A_TURN = 2_000;

/** Looked through at once, for those that are of an org. */
const FEW_ROWS = 5_000;

/** The newest: some seconds, in turns. */
const MOST_LOOKED_AT = 1_000_000;
