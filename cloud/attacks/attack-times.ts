import type { Database, Statement } from "../journal/database.js";
import { ANYBODY } from "./anybody.js";
import { measures, noSums, UNKNOWN, type Measure, type Sums } from "./sums.js";
import { EVERY, SPANS, type Span } from "./times.projection.js";

/** What is asked of attacks over time. */
export interface TimesAsked {
  /** Whose hosts saw them; null: anybody's. */
  readonly org: string | null;
  readonly per: Span;
  /** How many spans, the one that has begun last included. */
  readonly spans: number;
  /** What is told of orgs and countries. */
  readonly of: Measure;
  /** How many orgs, and countries, are told apart. */
  readonly top: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One org's, or one country's, share: a number for each span. */
export interface Series {
  /** Null: nobody knows the country. */
  readonly name: string | null;
  readonly total: number;
  readonly counts: readonly number[];
}

/** Those with the most, and all others together. */
export interface Shares {
  readonly top: readonly Series[];
  readonly rest: readonly number[];
}

/** Attacks over time. Times are milliseconds since 1970, of UTC. */
export interface AttacksOver {
  readonly from: number;
  /** When the last span ends. */
  readonly to: number;
  readonly totals: Sums;
  readonly buckets: readonly (Sums & { readonly at: number })[];
  readonly countries: Shares;
  readonly orgs: Shares;
}

/** Attacks from one country. */
export interface CountrySums extends Sums {
  /** Null: nobody knows it. */
  readonly country: string | null;
}

/** Answers how many attacks there were when; changes nothing. */
export class AttackTimes {
  readonly #since: Statement<number>;
  readonly #rows: Statement<Sums & { readonly start: number }>;
  readonly #ofCountries: Statement<Sums & { readonly country: string }>;
  readonly #countries: Readonly<Record<Measure, Statement<Ranked>>>;
  readonly #orgs: Readonly<Record<Measure, Statement<Ranked>>>;

  /** @param database the view of what agents said */
  constructor(database: Database) {
    this.#since = database
      .prepare<unknown[], number>("SELECT at FROM attacks_since")
      .pluck();
    this.#rows = database.prepare(
      `SELECT start, ${measures.join(", ")} FROM attack_times
       WHERE span = @span AND org = @org AND country = @country
         AND start >= @from AND start < @to ORDER BY start`,
    );
    this.#ofCountries = database.prepare(
      `SELECT country, ${measures.map((each) => `total(${each}) AS ${each}`).join(", ")}
       FROM attack_times
       WHERE span = @span AND org = @org AND country <> '${EVERY}'
         AND +start >= @from AND +start < @to
       GROUP BY country ORDER BY total(failures) + total(packets) DESC, country`,
    );
    const ranked = (name: string, from: string) => (measure: Measure) =>
      database.prepare<unknown[], Ranked>(
        `SELECT ${name} AS name, total(${measure}) AS total FROM ${from}
         GROUP BY ${name} HAVING total > 0
         ORDER BY total DESC, name LIMIT @top`,
      );
    // By the times, SQLite would find all orgs' rows, and leave them out.
    this.#countries = byMeasure(
      ranked(
        "country",
        `attack_times WHERE span = @span AND org = @org
           AND country <> '${EVERY}' AND +start >= @from AND +start < @to`,
      ),
    );
    this.#orgs = byMeasure(
      ranked(
        "org",
        `attack_times INDEXED BY attack_times_by_org
         WHERE span = @span AND country = '${EVERY}' AND org <> '${ANYBODY}'
           AND start >= @from AND start < @to`,
      ),
    );
  }

  /** Since when attacks are counted; null: none was told of yet. */
  since(): number | null {
    return this.#since.get() ?? null;
  }

  /** By country, of whole days: those with the most failures and packets first. */
  byCountry(org: string, from: number, to: number): readonly CountrySums[] {
    const asked = { span: SPANS.day.ms, org, from, to };
    return this.#ofCountries.all(asked).map(({ country, ...sums }) => ({
      ...sums,
      country: country === UNKNOWN ? null : country,
    }));
  }

  over(asked: TimesAsked): AttacksOver {
    const { org, per, spans, now } = asked;
    const { ms } = SPANS[per];
    const to = now - (now % ms) + ms;
    const frame: Frame = { ...asked, ms, from: to - spans * ms, to };
    const rows = this.#rowsOf(org ?? ANYBODY, EVERY, frame);
    const buckets = spread(rows, frame);
    const all = buckets.map((bucket) => bucket[asked.of]);
    const countries = this.#ranked(this.#countries, frame).map(({ name }) =>
      this.#series(name, this.#rowsOf(org ?? ANYBODY, name, frame), frame),
    );
    const names =
      org === null
        ? this.#ranked(this.#orgs, frame).map(({ name }) => name)
        : [org];
    const orgs = names.map((name) =>
      this.#series(name, this.#rowsOf(name, EVERY, frame), frame),
    );
    return {
      ...{ from: frame.from, to, buckets, totals: added(buckets) },
      countries: { top: countries, rest: without(all, countries) },
      orgs: { top: orgs, rest: without(all, orgs) },
    };
  }

  /** By what is kept of a longer span, where there is one: it has fewer rows. */
  #ranked(
    by: Readonly<Record<Measure, Statement<Ranked>>>,
    { per, org, of, from, to, top }: Frame,
  ): readonly Ranked[] {
    const { ms } = SPANS[LONGER[per]];
    const since = from - (from % ms);
    const whose = { span: ms, org: org ?? ANYBODY };
    return by[of].all({ ...whose, from: since, to, top });
  }

  #rowsOf(org: string, country: string, { ms, from, to }: Frame): Rows {
    return this.#rows.all({ span: ms, org, country, from, to });
  }

  #series(name: string, rows: Rows, frame: Frame): Series {
    const counts = spread(rows, frame).map((bucket) => bucket[frame.of]);
    const total = counts.reduce((sum, each) => sum + each, 0);
    return { name: name === UNKNOWN ? null : name, total, counts };
  }
}

type Rows = readonly (Sums & { readonly start: number })[];

interface Frame extends TimesAsked {
  readonly ms: number;
  readonly from: number;
  readonly to: number;
}

interface Ranked {
  readonly name: string;
  readonly total: number;
}

const LONGER: Readonly<Record<Span, Span>> = {
  ...({ minute: "hour", hour: "day", day: "day" } as const),
};

const byMeasure = <T>(made: (measure: Measure) => T): Record<Measure, T> =>
  Object.fromEntries(measures.map((each) => [each, made(each)])) as Record<
    Measure,
    T
  >;

/** Every span of the frame, those without any attack included. */
function spread(
  rows: Rows,
  { from, spans, ms }: Frame,
): AttacksOver["buckets"] {
  const known = new Map(rows.map((row) => [row.start, row]));
  return Array.from({ length: spans }, (_, i) => {
    const at = from + i * ms;
    const { start: _start, ...sums } = known.get(at) ?? {
      start: at,
      ...noSums(),
    };
    return { at, ...sums };
  });
}

function added(buckets: readonly Sums[]): Sums {
  const total = noSums();
  for (const bucket of buckets) {
    for (const measure of measures) total[measure] += bucket[measure];
  }
  return total;
}

/** An attacker may be new to several orgs, and to all of them once. */
const without = (
  all: readonly number[],
  series: readonly Series[],
): readonly number[] =>
  all.map((count, i) =>
    Math.max(
      0,
      series.reduce((left, { counts }) => left - (counts[i] ?? 0), count),
    ),
  );
