import Table from "cli-table3";

/** A plain table, for people. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const made = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

export const dateOf = (ms: number | null): string =>
  ms === null ? "never" : new Date(ms).toISOString();
