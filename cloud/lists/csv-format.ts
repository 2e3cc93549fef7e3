import { fieldsOf } from "./csv.js";
import { entry, NOTHING, saysNothing, wrong, type ReadLine } from "./line.js";
import { readRanges } from "./range-text.js";
import { NotAList } from "./text.js";

/** How a table of values is read: what parts its fields, and which one counts. */
export interface Dialect {
  readonly delimiter: string;
  /** From 0. */
  readonly column: number;
}

/** What may part fields where nobody says that it is a table. */
const DELIMITERS = [",", ";", "|"] as const;

/** The first record may be the table's head. */
export function csvReader({ delimiter, column }: Dialect): ReadLine {
  let isFirst = true;
  return (line) => {
    if (saysNothing(line)) return NOTHING;
    const fields = fieldsOf(line, delimiter);
    if (fields === "open") return { kind: "open" };
    const mayBeHead = isFirst;
    isFirst = false;
    if (fields === undefined) return wrong("has text behind a closing quote");
    const field = fields[column];
    if (field === undefined) return wrong(`has no column ${column + 1}`);
    if (mayBeHead && isHead(fields)) return NOTHING;
    return field === "" ? wrong("names no range") : entry(field);
  };
}

/** Names of columns, none of them an entry or a name of a host. */
const isHead = (fields: readonly string[]): boolean =>
  fields.some((field) => /\p{L}/u.test(field)) &&
  fields.every((field) => /^[\p{L}_ -][\p{L}\d_ ()/-]*$|^$/u.test(field));

/** A table that a list's first lines may be. */
export interface FoundTable {
  readonly delimiter: string;
  /** Those that hold ranges in most records, from 0. */
  readonly columns: readonly number[];
  /** How many records have a range in one of them. */
  readonly entries: number;
}

/** The table with the most ranges in one column; undefined where none has any. */
export function findTable(sample: readonly string[]): FoundTable | undefined {
  const [found] = DELIMITERS.map((delimiter) => {
    const counts = rangesByColumn(recordsOf(sample, delimiter));
    const entries = Math.max(0, ...counts);
    const columns = counts.flatMap((n, at) => (n * 2 > entries ? [at] : []));
    return { delimiter, columns, entries };
  }).sort((a, b) => b.entries - a.entries);
  return found !== undefined && found.entries > 0 ? found : undefined;
}

/**
 * The column that the operator names: by its number from 1, or as the head does.
 * @throws NotAList when there is none of this name
 */
export function namedColumn(
  sample: readonly string[],
  column: string,
): Dialect {
  if (/^[1-9]\d{0,2}$/.test(column))
    return numbered(sample, Number(column) - 1);
  for (const delimiter of NAMED_DELIMITERS) {
    for (const line of sample.slice(0, HEAD_WITHIN)) {
      const fields = fieldsOf(line.replace(/^\s*#\s*/, ""), delimiter);
      if (typeof fields !== "object") continue;
      const at = fields.findIndex((field) => sameName(field, column));
      if (at >= 0) return { delimiter, column: at };
    }
  }
  throw new NotAList(
    `no column is named "${column}" in the first ${HEAD_WITHIN} lines; --column takes a number, too`,
  );
}

/** With a column named, tabs part fields as well. */
const NAMED_DELIMITERS = [...DELIMITERS, "\t"] as const;

function recordsOf(
  sample: readonly string[],
  delimiter: string,
): readonly (readonly string[])[] {
  return sample
    .filter((line) => !saysNothing(line))
    .map((line) => fieldsOf(line, delimiter))
    .filter((fields) => typeof fields === "object");
}

/** How many records have a range, by column. */
function rangesByColumn(
  records: readonly (readonly string[])[],
): readonly number[] {
  const counts: number[] = [];
  for (const fields of records) {
    for (const [at, field] of fields.slice(0, MOST_COLUMNS).entries()) {
      const isRange = field !== "" && typeof readRanges(field) !== "string";
      counts[at] = (counts[at] ?? 0) + Number(isRange);
    }
  }
  return counts;
}

const MOST_COLUMNS = 64;

/** Parted by whatever gives the column the most ranges. */
function numbered(sample: readonly string[], column: number): Dialect {
  const [best] = NAMED_DELIMITERS.map((delimiter) => ({
    delimiter,
    ranges: rangesByColumn(recordsOf(sample, delimiter))[column] ?? 0,
  })).sort((a, b) => b.ranges - a.ranges);
  return { delimiter: best?.delimiter ?? ",", column };
}

/** A head stands at the top, often as the last line of a comment. */
const HEAD_WITHIN = 64;

const sameName = (a: string, b: string): boolean =>
  a.toLowerCase() === b.trim().toLowerCase();
