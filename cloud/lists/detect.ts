import {
  csvReader,
  findTable,
  namedColumn,
  type FoundTable,
} from "./csv-format.js";
import { readerOf, type LineFormat } from "./formats.js";
import {
  saysNothing,
  listFormats,
  type ListFormat,
  type ReadLine,
} from "./line.js";
import { NotAList } from "./text.js";

/** What the operator says of a list; undefined for what is to be found out. */
export interface Hints {
  readonly format: ListFormat | undefined;
  /** A column's name, or its number from 1. */
  readonly column: string | undefined;
}

/** A list's format, and a reader that begins with its first line. */
export interface Detected {
  readonly format: ListFormat;
  readonly read: ReadLine;
}

/**
 * Tells a list's format by the entries among its first lines: what most of them
 * are entries in. A line that is an entry in none decides nothing. Undefined
 * where there is no entry.
 * @throws NotAList when a table has no column of ranges, or several
 */
export function detect(
  sample: readonly string[],
  hints: Hints,
): Detected | undefined {
  const { format } = hints;
  if (hints.column !== undefined) {
    return {
      format: "csv",
      read: csvReader(namedColumn(sample, hints.column)),
    };
  }
  const table = findTable(sample);
  if (format === "csv") return tableOf(table);
  if (format !== undefined) return { format, read: readerOf(format) };
  const [best] = LINE_FORMATS.map((each) => ({
    format: each,
    entries: entriesIn(sample, readerOf(each)),
  })).sort((a, b) => b.entries - a.entries);
  const most = best?.entries ?? 0;
  if (table !== undefined && table.entries > most) return tableOf(table);
  return best === undefined || most === 0
    ? undefined
    : { format: best.format, read: readerOf(best.format) };
}

/** In this order where two have as many. */
const LINE_FORMATS = listFormats.filter(
  (format): format is LineFormat => format !== "csv",
);

function tableOf(table: FoundTable | undefined): Detected {
  const { delimiter = ",", columns = [] } = table ?? {};
  const [column = 0, ...others] = columns;
  if (others.length > 0) {
    const which = columns.map((at) => at + 1).join(" and ");
    throw new NotAList(
      `the columns ${which} all hold addresses; say which one is to be banned with --column`,
    );
  }
  return { format: "csv", read: csvReader({ delimiter, column }) };
}

function entriesIn(sample: readonly string[], read: ReadLine): number {
  return sample.filter(
    (line) => !saysNothing(line) && read(line).kind === "entry",
  ).length;
}
