/** A table as RFC 4180 has it, without a line break at its end. */
export const csv = (
  head: readonly string[],
  rows: readonly (readonly (string | number | boolean | null)[])[],
): string =>
  [head, ...rows].map((row) => row.map(fieldOf).join(",")).join("\n");

/** Hosts name themselves: no field is a formula to a program that opens it. */
function fieldOf(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const FORMULA = /^[=+\-@\t\r]/;
const NEEDS_QUOTES = /[",\r\n]/;
