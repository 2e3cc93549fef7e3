import type { Query, Term } from "./query.js";

/** A query as one writes it: read again, it is the same. */
export const printQuery = ({ terms }: Query): string =>
  terms.map(printTerm).join(" ");

/** One term of it. */
export function printTerm({ not, field, op, values }: Term): string {
  const all = values.map((value) => quoted(value, field)).join(",");
  const name = field === "" ? "" : `${field}:`;
  return `${not ? "not " : ""}${name}${op === "is" ? "" : op}${all}`;
}

/** Quotes around what would be read as something else. */
function quoted(value: string, field: string): string {
  const isPlain = field === "" ? BARE.test(value) : PLAIN.test(value);
  return isPlain ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

const PLAIN = /^[^\s,"<>][^\s,"]*$/;

const BARE = /^(?!(?:and|or|not)$|[a-z]+:)[^\s,"-][^\s,"]*$/i;
