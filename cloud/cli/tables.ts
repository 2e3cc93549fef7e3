import { aligned } from "../../agent/text/table.js";
import { timeText } from "../../agent/text/time.js";
import type { Io } from "./io.js";
import type { Page } from "./pages.js";
import { counted } from "./words.js";

/** Aligned columns, for people; fits the terminal, and is whole without one. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const { isTTY, columns } = process.stdout;
  return aligned(head, rows, isTTY ? columns : undefined);
}

/** Where a listing was cut off, its end says so. */
export function toldPage<T>(
  io: Io,
  { items, next }: Page<T>,
  shown: (items: readonly T[]) => string,
): void {
  io.out(shown(items));
  if (next === null) return;
  io.out(`the first ${counted(items.length, "row")}; --limit shows more`);
}

export const dateOf = (moment: number | string | null): string =>
  moment === null ? "never" : timeText(moment);
