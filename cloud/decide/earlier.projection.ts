import type { Database } from "../journal/database.js";
import type { DecisionProjection } from "../journal/view.js";

/** Bans on evidence, also when they are over: a life grows with repetition. */
export const earlierTables: DecisionProjection = {
  tables: `
    CREATE TABLE earlier (
      number INTEGER PRIMARY KEY, attacker TEXT NOT NULL, at INTEGER NOT NULL,
      until INTEGER NOT NULL, through INTEGER NOT NULL, lifted INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX earlier_by_attacker ON earlier (attacker, at)`,

  // What the segments of a decision carry out is read once, by its own fold.
  fold: () => () => undefined,
};

interface Banned {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly until: number;
  /** Observations up to this one are spent by it. */
  readonly through: number;
}

/** What the bans and lifts in `urgent` do to them. */
export function earlierFold(database: Database) {
  const standing = database
    .prepare<unknown[], number>(
      `SELECT number FROM earlier WHERE attacker = ? AND until > ?
       ORDER BY number DESC LIMIT 1`,
    )
    .pluck();
  const add = database
    .prepare<unknown[], number>(
      `INSERT INTO earlier (attacker, at, until, through, lifted)
       VALUES (?, ?, ?, ?, 0) RETURNING number`,
    )
    .pluck();
  const renew = database.prepare(
    "UPDATE earlier SET until = max(until, ?), through = ? WHERE number = ?",
  );
  const lift = database.prepare(
    "UPDATE earlier SET lifted = 1, until = min(until, ?) WHERE attacker = ?",
  );
  const forget = database.prepare("DELETE FROM earlier WHERE number <= ?");
  return {
    banned(attacker: string, { at, until, through }: Banned): void {
      const known = standing.get(attacker, at);
      if (known !== undefined) {
        // Seen again while it was banned: that is no repetition.
        renew.run(until, through, known);
        return;
      }
      const number = add.get(attacker, at, until, through) ?? 0;
      forget.run(number - MOST_KEPT);
    },
    lifted(attacker: string, at: number): void {
      lift.run(at, attacker);
    },
  };
}

/** Some 100 MB; at the usual rate of 60 bans a minute, eleven days of a flood. */
const MOST_KEPT = 1_000_000;
