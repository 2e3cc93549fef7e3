import {
  InvalidCidr,
  formatCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { ANY, type FieldSpec, type Kind, type Op } from "./query.js";
import { PERMANENT, secondsIn, spanOf } from "./times.js";

/** A value as its kind writes it, or what is wrong with it. */
export type ReadValue =
  { readonly value: string } | { readonly problem: string };

/** Reads what stands behind a field's name and operator. */
export function readValue(spec: FieldSpec, op: Op, text: string): ReadValue {
  if (text === ANY && op === "is") return { value: ANY };
  if (op !== "is" && !ORDERED.has(spec.kind)) {
    const problem = `${spec.name} has no order: ${op} is for numbers, versions and times`;
    return { problem };
  }
  return READERS[spec.kind](spec, op, text);
}

/** Kinds whose values come before and behind each other. */
export const ORDERED: ReadonlySet<Kind> = new Set<Kind>([
  ...(["number", "version", "time"] as const),
]);

type Reader = (spec: FieldSpec, op: Op, text: string) => ReadValue;

const READERS: Readonly<Record<Kind, Reader>> = {
  text: (_, __, text) => ({ value: text }),
  choice: (spec, _, text) => oneOf(spec.choices ?? [], text, spec),
  yesno: (spec, _, text) => {
    const small = text.toLowerCase();
    return oneOf(["yes", "no"], YES_AND_NO[small] ?? small, spec);
  },
  number: ({ name }, _, text) =>
    /^\d{1,15}(\.\d{1,6})?$/.test(text)
      ? { value: String(Number(text)) }
      : { problem: `"${text}" is no number, and ${name} is one` },
  version: ({ name }, _, text) => {
    const [, value] =
      /^v?(\d{1,9}(?:\.\d{1,9}){0,5})(?:\.\*)?$/i.exec(text) ?? [];
    if (value !== undefined) return { value };
    return { problem: `"${text}" is no version such as 1.2: ${name} is one` };
  },
  time: readTime,
  range: (_, __, text) => {
    try {
      return { value: formatCidr(parseListedCidr(text)) };
    } catch (error) {
      if (!(error instanceof InvalidCidr)) throw error;
      return { problem: `"${text}" ${error.problem}` };
    }
  },
};

const YES_AND_NO: Readonly<Record<string, string>> = {
  true: "yes",
  false: "no",
};

function oneOf(
  choices: readonly string[],
  text: string,
  { name }: FieldSpec,
): ReadValue {
  const small = text.toLowerCase();
  const value = choices.find((each) => each.toLowerCase() === small);
  if (value !== undefined) return { value };
  return { problem: `"${text}" is no ${name}: it is ${listed(choices)}` };
}

/** "a, b or c". */
export const listed = (all: readonly string[]): string =>
  all.length < 2
    ? all.join("")
    : `${all.slice(0, -1).join(", ")} or ${all.at(-1) ?? ""}`;

function readTime({ name, ahead }: FieldSpec, op: Op, text: string): ReadValue {
  const small = text.toLowerCase();
  if (secondsIn(small) !== undefined) {
    if (op !== "is") return { value: small };
    const [less, more] = ahead
      ? ["within the next", "later than in"]
      : ["within the last", "longer ago than"];
    const problem = `write ${name}:<${small} (${less} ${small}) or ${name}:>${small} (${more} ${small})`;
    return { problem };
  }
  if (ahead && op === "is" && small === PERMANENT) return { value: PERMANENT };
  const value = text.toUpperCase();
  if (spanOf(value) !== undefined) return { value };
  return {
    problem: `"${text}" is no time: write 30s, 15m, 1h, 7d, 2w, 1y, 2026-11-28 or 2026-11-28T14:00Z`,
  };
}

/** The address or range that a text is; undefined: it is none. */
export function rangeIn(text: string): Cidr | undefined {
  // What is none is found out before an error is made for it.
  if (!/^[\da-f:][\da-f.:/]{1,63}$/i.test(text)) return undefined;
  try {
    return parseListedCidr(text);
  } catch {
    return undefined;
  }
}
