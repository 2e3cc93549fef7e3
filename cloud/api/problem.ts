import * as v from "valibot";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { fieldOf } from "../../agent/protocol/shapes.js";

/** One thing that is wrong with a request. */
export interface FieldProblem {
  readonly field: string;
  readonly value: unknown;
  readonly message: string;
}

/** A request that is not carried out. What the client sees is all in here. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  /** Of the answer, such as when to come back. */
  headers: Readonly<Record<string, string>> = {};

  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    readonly problems: readonly FieldProblem[],
    /** What else helps to mend the request, beside the usual fields. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(clipped(problems.map(({ message }) => message).join("; "), SAID));
  }

  withHeaders(headers: Readonly<Record<string, string>>): this {
    this.headers = headers;
    return this;
  }

  /** The first problem stands out; the others are listed with it. */
  toJSON(): Record<string, unknown> {
    const told = toldOf(this.problems);
    const [first] = told;
    return {
      error: this.code,
      field: first?.field,
      value: first?.value,
      message: this.message,
      problems: told,
      ...this.details,
    };
  }
}

/**
 * What is said of a request is short, whatever stood in it: nobody gets more out
 * than he put in, and a value that is no plain one is not repeated at all.
 */
function toldOf(problems: readonly FieldProblem[]): readonly FieldProblem[] {
  let left = ECHOED;
  return problems.slice(0, MOST_PROBLEMS).map(({ field, value, message }) => {
    const said = typeof value === "string" ? clipped(value, left) : value;
    if (typeof said === "string") left -= said.length;
    return {
      field: clipped(field, NAMED),
      value: typeof said === "object" ? undefined : said,
      message: clipped(message, EXPLAINED),
    };
  });
}

const clipped = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;

/** Characters of a request's values that an answer repeats, in all. */
const ECHOED = 120;

/** Of a field's name: some are the sender's own. */
const NAMED = 40;

/** Of what is wrong with one field, and what to do about it. */
const EXPLAINED = 200;

/** Of all that is wrong, in one sentence after the other. */
const SAID = 400;

const MOST_PROBLEMS = 8;

/** A problem with one field. */
export function problem(
  status: ContentfulStatusCode,
  code: string,
  { field, value, message }: FieldProblem,
): ApiProblem {
  return new ApiProblem(status, code, [{ field, value, message }]);
}

/** What is named is not there. */
export const unknown = (field: string, value: string, message: string) =>
  problem(404, "unknown", { field, value, message });

/** @throws ApiProblem with everything that is wrong, each with its field */
export function checked<S extends v.GenericSchema>(
  schema: S,
  input: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issues = result.issues.slice(0, MOST_PROBLEMS);
  throw new ApiProblem(400, "invalid", issues.map(problemOf));
}

/** As `checked`, for what holds a secret: nothing of it is repeated. */
export function checkedSecret<S extends v.GenericSchema>(
  schema: S,
  input: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const fields = result.issues.slice(0, MOST_PROBLEMS).map(fieldOf);
  const problems = fields.map((field) => ({
    ...{ field, value: undefined },
    message: `${field}: is not as it should be`,
  }));
  throw new ApiProblem(400, "invalid", problems);
}

function problemOf(issue: v.BaseIssue<unknown>): FieldProblem {
  const field = v.getDotPath(issue) ?? "";
  const message = field === "" ? issue.message : `${field}: ${issue.message}`;
  return { field, value: issue.input, message };
}
