/** A cell of a table. */
export type Cell = string | number | boolean | null;

/**
 * A line of CSV (RFC 4180), without its end. Spreadsheets take a text that begins
 * like a formula for one, and what is in it is other people's: such a text has an
 * apostrophe before it, by which they show it as it is. So has what begins like one
 * within a text, where a spreadsheet may part it: some go by ";" or tabs, not by commas.
 */
export const csvLine = (cells: readonly Cell[]): string =>
  cells.map(cellText).join(",");

/** What ends a line in a file. */
export const CSV_END = "\r\n";

function cellText(cell: Cell): string {
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  const parted = cell.replaceAll(PARTED_FORMULA, "$&'");
  const text = FORMULA.test(cell) ? `'${parted}` : parted;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Those of full width are read as the others where such scripts are usual. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u;
/** What parts cells and lines elsewhere, before what reads as a formula there. */
const PARTED_FORMULA =
  /[;\t\r\n](?=(?:(?![\t\r\n])[\s\p{Cc}"])*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/gu;
const QUOTED = /[",\r\n]/;
