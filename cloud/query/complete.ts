import { addressesBut, parseQuery } from "./parse.js";
import { printTerm } from "./print.js";
import {
  LONGEST_QUERY,
  QueryError,
  fieldOf,
  type FieldSpec,
  type ListSpec,
  type Op,
} from "./query.js";
import { ORDERED } from "./values.js";
import { termsIn, type Piece, type RawTerm } from "./words.js";

/** What may stand where somebody writes: in place of the text from `from` to `to`. */
export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly options: readonly CompletionOption[];
}

export interface CompletionOption {
  readonly insert: string;
  readonly says: string;
}

/** Values that are known of some fields: of orgs, tags, feeds. */
export type Known<F extends string = string> = Readonly<
  Partial<Record<F, readonly string[]>>
>;

/**
 * What may come at a caret: names of fields, or values of the one that stands
 * there. What is offered can be read, or is the beginning of what can.
 */
export function complete<F extends string>(
  text: string,
  caret: number,
  list: ListSpec<F>,
  known?: Known<F>,
): Completion {
  const at = Math.min(Math.max(0, caret), text.length);
  const nothing = { from: at, to: at, options: [] };
  if (text.length > LONGEST_QUERY) return nothing;
  const term = termAtCaret(text.slice(0, at), list);
  const value = term?.values.at(-1);
  if (value !== undefined && value.end < at) return nothing;
  const from = fromOf(at, term, value);
  const to = value === undefined ? at : endOf(value, text, list, at);
  const written = text.slice(from, at).replace(/^"/, "").toLowerCase();
  const options = offered(term, list, known)
    .filter((each) => isMeant(each, written))
    .slice(0, MOST_OPTIONS)
    .filter(({ insert }) => isReadable(text.slice(0, from) + insert, list));
  return { from, to, options };
}

/** The term that is being written; undefined: a new one begins. */
function termAtCaret(before: string, list: ListSpec): RawTerm | undefined {
  let last: RawTerm | undefined;
  for (const term of termsIn(before, addressesBut(list))) last = term;
  if (last === undefined || last.end < before.length) return undefined;
  const isOver = /\s$/.test(before) && last.values.at(-1)?.isClosed !== false;
  return isOver && last.values.length > 0 ? undefined : last;
}

function fromOf(
  at: number,
  term: RawTerm | undefined,
  value: Piece | undefined,
): number {
  if (value === undefined) return at;
  const { name, values } = term ?? {};
  const hasOp = name !== undefined && values?.length === 1;
  return hasOp ? name.end + 1 : value.at;
}

/** Where the piece at the caret ends: whatever of it stands behind the caret goes. */
function endOf(
  { at }: Piece,
  text: string,
  list: ListSpec,
  caret: number,
): number {
  for (const { name, values } of termsIn(text, addressesBut(list))) {
    if (name?.at === at) return name.end + 1;
    const piece = values.find((each) => each.at === at);
    if (piece !== undefined) return piece.isClosed ? piece.end : caret;
  }
  return caret;
}

function offered<F extends string>(
  term: RawTerm | undefined,
  list: ListSpec<F>,
  known: Known<F> | undefined,
): readonly CompletionOption[] {
  if (term?.name !== undefined) {
    const spec = fieldOf(list, term.name.text);
    return spec === undefined ? [] : valuesOf(spec, term, known);
  }
  if (term !== undefined && term.values.length > 1) return [];
  const fields = list.fields.map(({ name, says }) => ({
    ...{ insert: `${name}:`, says },
  }));
  if (term?.not) return fields;
  return [...fields, { insert: "not ", says: "what follows must not hold" }];
}

function valuesOf<F extends string>(
  spec: FieldSpec<F>,
  { values, op }: RawTerm,
  known: Known<F> | undefined,
): readonly CompletionOption[] {
  const isFirst = values.length === 1;
  if (!isFirst && op !== "is") return [];
  const given = values.slice(0, -1).map(({ text }) => text);
  const ordered = ORDERED.has(spec.kind) && op !== "is" ? op : "";
  const all = [...ownValues(spec), ...(known?.[spec.name] ?? [])]
    .filter((value) => !given.includes(value))
    .map((value) => written(value, spec, ordered));
  return isFirst ? [...all, ...measures(spec), ANYTHING] : all;
}

const ANYTHING: CompletionOption = { insert: "*", says: "whatever it is" };

function written(
  value: string,
  spec: FieldSpec,
  op: Op | "",
): CompletionOption {
  const term = {
    not: false,
    field: spec.name,
    op: "is",
    values: [value],
  } as const;
  const insert = op + printTerm(term).slice(spec.name.length + 1);
  if (op !== "") return { insert, says: "" };
  const phrase = spec.phrases?.[value]?.[0] ?? spec.reads?.[0];
  return { insert, says: phrase?.replace("…", () => value) ?? "" };
}

function ownValues({ kind, choices }: FieldSpec): readonly string[] {
  return kind === "yesno" ? ["yes", "no"] : (choices ?? []);
}

/** To begin with, of what has an order. */
function measures({ kind, ahead }: FieldSpec): readonly CompletionOption[] {
  switch (kind) {
    case "time":
      return ahead ? AHEAD : PAST;
    case "number":
      return orders("1", ["more than 1", "less than 1"]);
    case "version":
      return orders("1.0", ["newer than 1.0", "older than 1.0"]);
    case "text":
    case "choice":
    case "yesno":
    case "range":
      return [];
  }
}

const PAST: readonly CompletionOption[] = [
  { insert: "<1h", says: "within the last hour" },
  { insert: "<1d", says: "within the last day" },
  { insert: "<7d", says: "within the last 7 days" },
  { insert: ">1h", says: "longer than 1 hour ago" },
  { insert: ">1d", says: "longer than 1 day ago" },
  { insert: ">7d", says: "longer than 7 days ago" },
];

const AHEAD: readonly CompletionOption[] = [
  { insert: "<1h", says: "within the next hour" },
  { insert: "<1d", says: "within the next day" },
  { insert: ">1d", says: "later than in 1 day" },
  { insert: ">7d", says: "later than in 7 days" },
  { insert: "permanent", says: "never" },
];

const orders = (
  value: string,
  [more, less]: readonly [string, string],
): readonly CompletionOption[] =>
  ([">", "<"] satisfies Op[]).map((op) => ({
    ...{ insert: op + value, says: op === ">" ? more : less },
  }));

/** What begins as it is written comes; of an empty text, all. */
const isMeant = ({ insert }: CompletionOption, text: string): boolean =>
  insert.replace(/^"/, "").toLowerCase().startsWith(text);

/** Whether it is a query, or one only has to write on. */
function isReadable(text: string, list: ListSpec): boolean {
  try {
    parseQuery(text, list);
    return true;
  } catch (error) {
    if (error instanceof QueryError) return error.isUnfinished;
    throw error;
  }
}

const MOST_OPTIONS = 50;
