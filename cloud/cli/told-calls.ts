import { onOneLine } from "../../agent/text/shown.js";
import { timeText } from "../../agent/text/time.js";
import type { CallRecord } from "../audit/records.js";

/** One call, for people: who, from where, what, why, and before and after of it. */
export function linesOfCall(call: CallRecord): readonly string[] {
  const { seq, at, name, role, org, from, operation } = call;
  const who = `${name} (${role}${org === null ? "" : ` of ${org}`})`;
  return [
    `${seq}  ${timeText(at)}  ${onOneLine(who)}  from ${onOneLine(from)}`,
    ...wrapped("what", operation),
    ...(call.why === "" ? [] : wrapped("why", onOneLine(call.why))),
    ...(call.before === null
      ? []
      : wrapped("before", onOneLine(shown(call.before)))),
    ...afterOf(call).flatMap((each) => wrapped("after", onOneLine(each))),
  ];
}

function afterOf({ after, segments }: CallRecord): readonly string[] {
  const said = after.map(({ says }) => says);
  const isWhole =
    after.some(({ kind }) => kind === "decided") || segments === 0;
  return isWhole ? said : [...said, `went on, with ${segments} more segments`];
}

/** JSON as words: names and values, one behind the other. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join("; ");
  if (value === null) return "none";
  if (value === "") return '""';
  if (typeof value !== "object") return textOf(value);
  if ("clipped" in value && typeof value.clipped === "string") {
    return `${value.clipped} …`;
  }
  return Object.entries(value)
    .map(([name, each]) => `${name} ${shown(each)}`)
    .join(", ");
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** Lines of 80 columns; what is one word stays whole. */
function wrapped(label: string, text: string): readonly string[] {
  const lines: string[] = [];
  let line = `  ${label.padEnd(LABEL)}`;
  for (const word of text.split(" ")) {
    const isFull = line.length + word.length > COLUMNS && line.trim() !== "";
    if (isFull && line.length > INDENT.length) {
      lines.push(line.trimEnd());
      line = INDENT;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

const COLUMNS = 80;
const LABEL = 8;
const INDENT = " ".repeat(2 + LABEL);
