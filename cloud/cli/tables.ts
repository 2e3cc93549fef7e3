import { aligned } from "../../agent/text/table.js";
import { timeText } from "../../agent/text/time.js";

/** Aligned columns, for people; fits the terminal, and is whole without one. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const { isTTY, columns } = process.stdout;
  return aligned(head, rows, isTTY ? columns : undefined);
}

export const dateOf = (moment: number | string | null): string =>
  moment === null ? "never" : timeText(moment);
