import type { Database } from "../journal/database.js";
import { ANYBODY } from "./anybody.js";
import {
  MINUTE_MS,
  measures,
  noSums,
  type Measure,
  type MinuteSums,
  type Sums,
} from "./sums.js";

/**
 * Attacks over time: by minute, hour and day of UTC; of each org and, in the rows of no
 * org, of all; by country and, in the rows of `EVERY`, of all countries.
 */
export const timesTables = `
  CREATE TABLE attack_times (
    span INTEGER NOT NULL, org TEXT NOT NULL, country TEXT NOT NULL,
    start INTEGER NOT NULL,
    ${measures.map((each) => `${each} INTEGER NOT NULL`).join(", ")},
    PRIMARY KEY (span, org, country, start)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attack_times_by_start ON attack_times (span, start);
  CREATE INDEX attack_times_by_org ON attack_times (span, start, org)
    WHERE country = '*';
  CREATE TABLE attacks_since (at INTEGER NOT NULL) STRICT`;

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long what is added up by each span is kept, in milliseconds. */
export const SPANS = {
  minute: { ms: MINUTE_MS, keptMs: 2 * HOUR_MS },
  hour: { ms: HOUR_MS, keptMs: 3 * DAY_MS },
  day: { ms: DAY_MS, keptMs: 400 * DAY_MS },
} as const;
export type Span = keyof typeof SPANS;

/** The rows of all countries: no country is called so. */
export const EVERY = "*";

/** @returns takes in what an org's host told of, as it came at a time */
export function timesFold(database: Database) {
  const add = database.prepare(
    `INSERT INTO attack_times VALUES (?, ?, ?, ?, ${measures.map(() => "?").join(", ")})
     ON CONFLICT DO UPDATE SET ${measures.map(sum).join(", ")}`,
  );
  const forget = database.prepare(
    "DELETE FROM attack_times WHERE span = ? AND start < ?",
  );
  const begin = database.prepare(
    "INSERT INTO attacks_since SELECT ? WHERE NOT EXISTS (SELECT 1 FROM attacks_since)",
  );
  const put = (ms: number, org: string, row: Row): void => {
    const { country, start, sums } = row;
    const counts = measures.map((each) => bounded(sums[each]));
    add.run(ms, org, country, start, ...counts);
  };
  let forgotAt = 0;
  return (org: string, told: readonly MinuteSums[], at: number): void => {
    begin.run(at);
    for (const { ms, keptMs } of Object.values(SPANS)) {
      const oldest = at - keptMs;
      for (const { start, country, sums, newToAll } of bySpan(told, ms)) {
        if (start < oldest) continue;
        put(ms, org, { country, start, sums });
        const ofAll = { ...sums, attackers: newToAll };
        put(ms, ANYBODY, { country, start, sums: ofAll });
      }
    }
    if (at - forgotAt < MINUTE_MS) return;
    forgotAt = at;
    for (const { ms, keptMs } of Object.values(SPANS)) {
      forget.run(ms, at - keptMs);
    }
  };
}

interface Row {
  readonly country: string;
  readonly start: number;
  readonly sums: Sums;
}

/** By spans of time and countries, all countries together included. */
function bySpan(
  told: readonly MinuteSums[],
  ms: number,
): Iterable<Row & Pick<MinuteSums, "newToAll">> {
  const found = new Map<string, Row & { newToAll: number }>();
  for (const { minute, country, sums, newToAll } of told) {
    const start = minute - (minute % ms);
    for (const each of [country, EVERY]) {
      const name = `${start} ${each}`;
      const made = { start, country: each, sums: noSums(), newToAll: 0 };
      const row = found.get(name) ?? made;
      found.set(name, row);
      for (const measure of measures) row.sums[measure] += sums[measure];
      row.newToAll += newToAll;
    }
  }
  return found.values();
}

/** A host may claim anything; a sum stays a whole number all the same. */
const bounded = (count: number): number =>
  Math.min(count, Number.MAX_SAFE_INTEGER);

const sum = (measure: Measure): string =>
  `${measure} = min(${measure} + excluded.${measure}, ${Number.MAX_SAFE_INTEGER})`;
