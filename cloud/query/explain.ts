import {
  ANY,
  fieldOf,
  type FieldSpec,
  type Op,
  type Phrase,
  type Query,
  type Term,
} from "./query.js";
import { PERMANENT, durationText, secondsIn } from "./times.js";
import { listed, rangeIn } from "./values.js";

/** What a query asks for, as a person would say it: "hosts of acme that do not observe". */
export function explain({ list, terms }: Query): string {
  if (terms.length === 0) return `all ${list.noun}`;
  const phrases = terms.map((term) =>
    phraseOf(term, fieldOf(list, term.field)),
  );
  const [first = "", ...others] = phrases;
  const [second = ""] = others;
  const areOne = second.startsWith("that ") && !first.startsWith("that ");
  const commas = others.map(
    (each, at) => (at === 0 && areOne ? " " : ", ") + each,
  );
  return `${list.noun} ${first}${commas.join("")}`;
}

function phraseOf(term: Term, spec: FieldSpec | undefined): string {
  const { not, field, values } = term;
  const side = not ? 1 : 0;
  if (spec === undefined) return bareText(term);
  if (values.includes(ANY)) return (spec.has ?? hasField(field))[side];
  const { phrases = {}, reads = isField(field) } = spec;
  const said = values.map((value) => ownPhrase(phrases, value)?.[side] ?? "");
  if (said.includes("")) {
    return reads[side].replace("…", () => valuesText(term, spec));
  }
  return not ? said.join(" and ") : listed(said);
}

function ownPhrase(
  phrases: Readonly<Record<string, Phrase>>,
  value: string,
): Phrase | undefined {
  return Object.hasOwn(phrases, value) ? phrases[value] : undefined;
}

function bareText({ not, values }: Term): string {
  const says = values.map((value) =>
    rangeIn(value) === undefined ? `“${value}”` : value,
  );
  return `${not ? "without" : "with"} ${listed(says)} in any text`;
}

const hasField = (field: string): Phrase => [
  ...([`with a ${field}`, `without a ${field}`] as const),
];

const isField = (field: string): Phrase => [
  ...([`whose ${field} is …`, `whose ${field} is not …`] as const),
];

const valuesText = ({ op, values }: Term, spec: FieldSpec): string =>
  listed(values.map((value) => valueText(op, value, spec)));

function valueText(op: Op, value: string, { kind, ahead }: FieldSpec): string {
  switch (kind) {
    case "text":
      return textText(value);
    case "number":
      return NUMBERS[op].replace("…", value);
    case "version":
      return VERSIONS[op].replace("…", value);
    case "time":
      return timeText(op, value, ahead ?? false);
    case "choice":
    case "yesno":
    case "range":
      return value;
  }
}

function textText(value: string): string {
  const [, start, part = "", end] = /^(\*?)(.*?)(\*?)$/s.exec(value) ?? [];
  if (start && end) return `something with “${part}” in it`;
  if (end) return `something that begins with “${part}”`;
  if (start) return `something that ends with “${part}”`;
  if (value === "") return "empty";
  return /^[\w.:/@+-]+$/.test(value) ? value : `“${value}”`;
}

const NUMBERS: Readonly<Record<Op, string>> = {
  is: "…",
  "<": "less than …",
  "<=": "at most …",
  ">": "more than …",
  ">=": "at least …",
};

const VERSIONS: Readonly<Record<Op, string>> = {
  is: "…",
  "<": "older than …",
  "<=": "… or older",
  ">": "newer than …",
  ">=": "… or newer",
};

function timeText(op: Op, value: string, ahead: boolean): string {
  if (value === PERMANENT) return "never";
  if (secondsIn(value) === undefined) return DATES[op].replace("…", value);
  const lasts = durationText(value);
  const isLess = op === "<" || op === "<=";
  const of = lasts.replace(/^1 /, "");
  if (ahead) return isLess ? `within the next ${of}` : `later than in ${lasts}`;
  return isLess ? `within the last ${of}` : `longer than ${lasts} ago`;
}

const DATES: Readonly<Record<Op, string>> = {
  is: "in …",
  "<": "before …",
  "<=": "before the end of …",
  ">": "after …",
  ">=": "in … or after",
};
