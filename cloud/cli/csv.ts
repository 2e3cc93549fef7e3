import { csvLine, type Cell } from "../../agent/text/csv.js";

/** A table as RFC 4180 has it, without a line break at its end. */
export const csv = (
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): string => [head, ...rows].map(csvLine).join("\n");
