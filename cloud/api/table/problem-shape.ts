import * as v from "valibot";
import type { ApiProblem } from "../problem.js";
import { AnyJson } from "./answer.js";

/** RFC 9457, with every fault and its place. */
export const ProblemShape = v.looseObject({
  /** `urn:tourniquet:problem:` and the code. */
  type: v.string(),
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  /** For programs; SECURITY.md and the document name what it stands for. */
  code: v.string(),
  errors: v.array(
    v.object({
      /** As the request names it: `ranges.0`, `--for` has no place here. */
      field: v.string(),
      /** RFC 6901, into the body or the query; "" for all of it. */
      pointer: v.string(),
      /** Where it is a plain one, and short. */
      value: v.optional(AnyJson),
      message: v.string(),
    }),
  ),
});
export type ProblemShape = v.InferOutput<typeof ProblemShape>;

/** What a status means here, in a few words. */
export const statusWords: Readonly<Record<number, string>> = {
  400: "Something in the request is wrong",
  401: "Nobody known asks",
  403: "Not for this operator, or not now",
  404: "There is no such thing, or not for this operator",
  405: "The path is for other methods",
  409: "It does not fit what stands",
  410: "It was there, and is over",
  412: "It was changed meanwhile",
  413: "The body is too large",
  415: "The body is of another kind",
  422: "The idempotency key came with another request before",
  426: "The connection is to become a WebSocket",
  429: "More than the budget allows; Retry-After says when",
  500: "The cloud failed; its log says why",
  502: "Somebody whom the cloud asked did not answer as he should",
  503: "Not now; try again in a while",
  507: "There is no room for it on the cloud's disk",
};

export function problemJson(problem: ApiProblem): ProblemShape {
  const { error, problems, message, ...details } = problem.toJSON() as {
    error: string;
    message: string;
    problems: { field: string; value: unknown; message: string }[];
  };
  const { field: _f, value: _v, ...more } = details as Record<string, unknown>;
  return {
    type: `urn:tourniquet:problem:${error}`,
    title: statusWords[problem.status] ?? "A problem",
    status: problem.status,
    detail: message,
    code: error,
    errors: problems.map(({ field, ...rest }) => ({
      ...{ field, pointer: pointerOf(field) },
      ...rest,
    })),
    ...more,
  };
}

const pointerOf = (field: string): string =>
  field === ""
    ? ""
    : `/${field.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll(".", "/")}`;
