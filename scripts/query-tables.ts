import { explain } from "../cloud/query/explain.js";
import { AGENTS } from "../cloud/query/lists/agents.js";
import { ATTACKERS } from "../cloud/query/lists/attackers.js";
import { AUDIT } from "../cloud/query/lists/audit.js";
import { BANS } from "../cloud/query/lists/bans.js";
import { CONTESTS } from "../cloud/query/lists/contests.js";
import { DECISIONS } from "../cloud/query/lists/decisions.js";
import { DETECTIONS } from "../cloud/query/lists/detections.js";
import { PROPOSALS } from "../cloud/query/lists/proposals.js";
import { parseQuery } from "../cloud/query/parse.js";
import type { FieldSpec, ListSpec } from "../cloud/query/query.js";

/** All lists that can be asked, as docs/query.md has them. */
export const LISTS: readonly ListSpec[] = [
  ...[AGENTS, BANS, DECISIONS, ATTACKERS],
  ...[PROPOSALS, CONTESTS, DETECTIONS, AUDIT],
];

/**
 * The document with what the lists say themselves: the table below each
 * `<!-- fields of NAME -->`, and below each query of a block "```NAME" what it is
 * taken for.
 * @throws Error of a list that has no fields there
 * @throws QueryError of an example that is no query
 */
export function withTables(document: string): string {
  return LISTS.reduce(
    (text, list) => withFields(withMeant(text, list), list),
    document,
  );
}

function withFields(text: string, list: ListSpec): string {
  const mark = `<!-- fields of ${list.name} -->\n`;
  const [before, after, ...others] = text.split(mark);
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error(`docs/query.md must have "${mark.trim()}" once`);
  }
  const rest = after.replace(/^\n*(?:\|.*\n)*\n*/, "");
  const gap = rest === "" ? "" : "\n";
  return `${before}${mark}\n${tableOf(list)}${gap}${rest}`;
}

function tableOf({ fields }: ListSpec): string {
  const rows = fields.map(rowOf);
  const widths = HEAD.map((_, at) =>
    Math.max(...[HEAD, ...rows].map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[], filler = " ") =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0, filler)).join(" | ")} |\n`;
  const rule = line(["", "", ""], "-");
  return line(HEAD) + rule + rows.map((row) => line(row)).join("");
}

const HEAD: readonly string[] = ["field", "what it is", "values"];

const rowOf = (field: FieldSpec): readonly string[] => [
  ...[`\`${field.name}\``, saysOf(field), valuesOf(field)],
];

/** Stars stand in it as one writes them. */
const saysOf = ({ says }: FieldSpec): string =>
  says.replaceAll(/\*\w+\*/g, "`$&`");

function valuesOf({ kind, choices = [], ahead }: FieldSpec): string {
  switch (kind) {
    case "choice":
      return choices.map((each) => `\`${each}\``).join(", ");
    case "yesno":
      return "`yes`, `no`";
    case "time":
      return ahead ? "time ahead" : "time";
    case "text":
    case "number":
    case "version":
    case "range":
      return kind;
  }
}

function withMeant(text: string, list: ListSpec): string {
  const blocks = new RegExp(
    `(?<=^\`\`\`${list.name}\\n)[^]*?(?=^\`\`\`$)`,
    "gm",
  );
  return text.replaceAll(blocks, (block) =>
    block
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith(" "))
      .map((query) => `${query}\n  ${explain(parseQuery(query, list))}\n`)
      .join("\n"),
  );
}
