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

  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    readonly problems: readonly FieldProblem[],
  ) {
    super(problems.map(({ message }) => message).join("; "));
  }

  /** The first problem stands out; the others are listed with it. */
  toJSON(): Record<string, unknown> {
    const [first] = this.problems;
    return {
      error: this.code,
      field: first?.field,
      value: first?.value,
      message: this.message,
      problems: this.problems,
    };
  }
}

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
  throw new ApiProblem(400, "invalid", result.issues.map(problemOf));
}

/** As `checked`, for what holds a secret: nothing of it is repeated. */
export function checkedSecret<S extends v.GenericSchema>(
  schema: S,
  input: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const problems = result.issues.map(fieldOf).map((field) => ({
    ...{ field, value: undefined },
    message: `${field}: is not as it should be`,
  }));
  throw new ApiProblem(400, "invalid", problems);
}

function problemOf(issue: v.BaseIssue<unknown>): FieldProblem {
  const field = v.getDotPath(issue) ?? "";
  const message = field === "" ? issue.message : `${field}: ${issue.message}`;
  return { field, value: excerpt(issue.input), message };
}

function excerpt(value: unknown): unknown {
  return typeof value === "string" ? value.slice(0, 256) : value;
}
