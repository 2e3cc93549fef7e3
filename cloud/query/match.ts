import { formatCidr, overlaps, type Cidr } from "../../agent/model/cidr.js";
import {
  ANY,
  fieldOf,
  type FieldSpec,
  type Kind,
  type Op,
  type Query,
  type Term,
} from "./query.js";
import { timesOf } from "./times.js";
import { rangeIn } from "./values.js";

type One = string | number | boolean | Cidr;

/**
 * What a row has in a field; several: any of them will do. Times are in ms since
 * 1970 or in RFC 3339, ranges are text or parsed; null and undefined: it has none.
 */
export type Value = One | readonly One[] | null | undefined;

/** How to find each field of a list in a row. */
export type Getters<T, F extends string = string> = Readonly<
  Record<F, (item: T) => Value>
>;

/**
 * Whether a row is what a query asks for.
 * @param now milliseconds since 1970
 */
export function matcherOf<T, F extends string>(
  query: Query<F>,
  getters: Getters<T, F>,
  now: number,
): (item: T) => boolean {
  const tests = query.terms.map((term) => testOf(term, query, getters, now));
  return (item) => tests.every((test) => test(item));
}

function testOf<T, F extends string>(
  term: Term<F>,
  { list }: Query<F>,
  getters: Getters<T, F>,
  now: number,
): (item: T) => boolean {
  const { field, not, values } = term;
  if (field === "") {
    const parts = list.fields.flatMap(({ name, kind }) =>
      barePart(kind, values, getters[name]),
    );
    return (item) => parts.some((part) => part(item)) !== not;
  }
  const spec = fieldOf(list, field);
  const is = spec === undefined ? () => false : oneTest(spec, term, now);
  const get = getters[field];
  return (item) => holds(get(item), is) !== not;
}

function holds(value: Value, is: (one: One) => boolean): boolean {
  if (value === null || value === undefined) return false;
  return isSeveral(value) ? value.some(is) : is(value);
}

const isSeveral = (value: One | readonly One[]): value is readonly One[] =>
  Array.isArray(value);

/** A field's part in a term without a field. */
function barePart<T>(
  kind: Kind,
  values: readonly string[],
  get: (item: T) => Value,
): readonly ((item: T) => boolean)[] {
  const is = BARE_KINDS.has(kind) ? containsAny(values) : undefined;
  if (is !== undefined) return [(item) => holds(get(item), is)];
  if (kind !== "range") return [];
  const [hasPart, overlapsOne] = [containsAny(values), overlapsAny(values)];
  const either = (one: One) =>
    overlapsOne(one) || (typeof one === "string" && hasPart(one));
  return [(item) => holds(get(item), either)];
}

const BARE_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  ...(["text", "choice", "version"] as const),
]);

function containsAny(values: readonly string[]): (one: One) => boolean {
  const parts = values.map((value) => withoutStars(value.toLowerCase()));
  return (one) => {
    const text = textOf(one).toLowerCase();
    return parts.some((part) => text.includes(part));
  };
}

const withoutStars = (text: string): string =>
  text.replace(/^\*/, "").replace(/\*$/, "");

function oneTest(
  spec: FieldSpec,
  { op, values }: Term,
  now: number,
): (one: One) => boolean {
  if (values.includes(ANY)) return () => true;
  switch (spec.kind) {
    case "text":
      return isAnyText(values);
    case "choice":
    case "yesno":
      return isAnyChoice(values);
    case "number":
      return isAnyNumber(op, values.map(Number));
    case "version":
      return isAnyVersion(op, values);
    case "time": {
      const spans = values.map((value) => timesOf(op, value, spec, now));
      return (one) => {
        const at = typeof one === "string" ? Date.parse(one) : Number(one);
        return spans.some(({ from, to }) => at >= from && at < to);
      };
    }
    case "range":
      return overlapsAny(values);
  }
}

/** Whatever its case, and with anything in place of a star at an end. */
function isAnyText(values: readonly string[]): (one: One) => boolean {
  const small = values.map((value) => value.toLowerCase());
  const whole = new Set(small.filter((value) => !/^\*|\*$/.test(value)));
  const parts = small.filter((value) => !whole.has(value)).map(partOf);
  return (one) => {
    const text = textOf(one).toLowerCase();
    return whole.has(text) || parts.some((isIn) => isIn(text));
  };
}

function partOf(value: string): (text: string) => boolean {
  const part = withoutStars(value);
  if (!value.endsWith("*")) return (text) => text.endsWith(part);
  if (!value.startsWith("*")) return (text) => text.startsWith(part);
  return (text) => text.includes(part);
}

function isAnyChoice(values: readonly string[]): (one: One) => boolean {
  const all = new Set(values);
  return (one) => {
    if (typeof one === "boolean") return all.has(one ? "yes" : "no");
    return all.has(textOf(one));
  };
}

function isAnyNumber(op: Op, values: readonly number[]): (one: One) => boolean {
  return (one) => values.some((value) => isInOrder(op, Number(one) - value));
}

/** Whether the sign of a difference is as the operator has it. */
function isInOrder(op: Op, difference: number): boolean {
  switch (op) {
    case "is":
      return difference === 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
  }
}

/** As exact as the query is: 1.2.3 is 1.2, and neither before nor behind it. */
function isAnyVersion(
  op: Op,
  values: readonly string[],
): (one: One) => boolean {
  const all = values.map(numbersIn);
  const isOne = (text: string): boolean => {
    const numbers = numbersIn(text);
    if (numbers.length === 0) return false;
    return all.some((asked) => isInOrder(op, differenceOf(numbers, asked)));
  };
  // Many rows have the same few.
  const known = new Map<string, boolean>();
  return (one) => {
    const text = textOf(one);
    const is = known.get(text) ?? isOne(text);
    if (known.size < MOST_VERSIONS) known.set(text, is);
    return is;
  };
}

/** Whoever names more of them is read each time. */
const MOST_VERSIONS = 1_000;

const numbersIn = (version: string): readonly number[] =>
  (/^v?(\d{1,9}(?:\.\d{1,9})*)/i.exec(version)?.[1] ?? "")
    .split(".")
    .flatMap((part) => (part === "" ? [] : Number(part)));

function differenceOf(
  numbers: readonly number[],
  asked: readonly number[],
): number {
  for (const [index, number] of asked.entries()) {
    const difference = (numbers[index] ?? 0) - number;
    if (difference !== 0) return difference;
  }
  return 0;
}

function overlapsAny(values: readonly string[]): (one: One) => boolean {
  const ranges = values.flatMap((value) => rangeIn(value) ?? []);
  return (one) => {
    const cidr = rangeOf(one);
    return cidr !== undefined && ranges.some((each) => overlaps(each, cidr));
  };
}

const textOf = (one: One): string =>
  typeof one === "object" ? formatCidr(one) : String(one);

const rangeOf = (one: One): Cidr | undefined =>
  typeof one === "object" ? one : rangeIn(String(one));
