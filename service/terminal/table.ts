import { aligned, layoutOf, lineOf } from "../../agent/text/table.js";

type Row = readonly string[];

/** Columns without lines; fits the terminal, and is whole where there is none. */
export const table = (head: Row, rows: readonly Row[]): string =>
  aligned(head, rows, roomOf(process.stdout));

/**
 * The same for rows that come a page at a time: the first ones say how wide the
 * columns are. Returns what makes a line of a row.
 */
export function columns(
  head: Row,
  first: readonly Row[],
): (row: Row) => string {
  const layout = layoutOf([head, ...first], roomOf(process.stdout));
  return (row) => lineOf(row, layout);
}

/** A terminal that does not say how wide it is has 80 columns. */
export const roomOf = ({
  isTTY,
  columns = 80,
}: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): number | undefined => (isTTY === true ? columns : undefined);
