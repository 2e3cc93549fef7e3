import * as v from "valibot";
import { bytesAsJson, isObject, Name, extended } from "./ext.js";
import { limits } from "./limits.js";
import {
  impactRefusals,
  ImpactQuestion,
  ImpactSums,
  type ImpactAnswer,
} from "./messages.js";
import { shortText } from "./shapes.js";

/** What a cloud of version 2 asks a host, and what it gets for an answer. */

const { id, ranges } = ImpactQuestion.entries;

const Body = v.pipe(
  v.custom<Readonly<Record<string, unknown>>>(isObject, "is no object"),
  v.check(
    (body) => bytesAsJson(body) <= limits.requestBytes,
    `has more than ${limits.requestBytes} bytes`,
  ),
);

/** The body of a request of kind `impact`: how much would bans on these cut? */
export const ImpactBody = v.strictObject({ ranges });

const { type: _type, id: _id, ...numbers } = ImpactSums.entries;
/** The body of its answer. */
export const ImpactNumbers = v.strictObject(numbers);

/** Bodies of the kinds that this program knows are held to their shapes. */
export const Request = v.pipe(
  v.strictObject({
    type: v.literal("request"),
    id,
    kind: Name,
    body: Body,
    ...extended,
  }),
  v.check(
    ({ kind, body }) => kind !== "impact" || v.is(ImpactBody, body),
    "body: is not that of a request of kind impact",
  ),
);
export type Request = v.InferOutput<typeof Request>;

/** Whether a request was carried out. `unsupported`: the host knows no such kind. */
export const answerResults = ["done", "refused", "unsupported"] as const;

export const Answer = v.pipe(
  v.strictObject({
    type: v.literal("answer"),
    id,
    kind: Name,
    result: v.picklist(answerResults),
    /** Of what was done. */
    body: v.exactOptional(Body),
    /** Of what was refused: a code, or a line for a person. */
    why: v.exactOptional(shortText(64)),
  }),
  v.check(
    ({ kind, result, body }) =>
      kind !== "impact" || result !== "done" || v.is(ImpactNumbers, body),
    "body: is not that of an answer of kind impact",
  ),
);
export type Answer = v.InferOutput<typeof Answer>;

/** A question of version 1 as a request. */
export const requestOf = ({ id, ranges }: ImpactQuestion): Request => ({
  ...{ type: "request", id, kind: "impact", body: { ranges } },
});

/** The question in a request; undefined where it is of another kind. */
export function questionIn({
  id,
  kind,
  body,
}: Request): ImpactQuestion | undefined {
  if (kind !== "impact") return undefined;
  const { ranges } = v.parse(ImpactBody, body);
  return { type: "impact-question", id, ranges };
}

/** An answer of version 1 as one to a request. */
export function answerOf({ id, ...said }: ImpactAnswer): Answer {
  const common = { type: "answer", id, kind: "impact" } as const;
  if (said.type === "impact-refusal") {
    return { ...common, result: "refused", why: said.why };
  }
  const { type: _, ...body } = said;
  return { ...common, result: "done", body };
}

/** What an answer says of impact; undefined where it is of another kind. */
export function impactIn(answer: Answer): ImpactAnswer | undefined {
  const { id, kind, result, body, why } = answer;
  if (kind !== "impact") return undefined;
  if (result === "done") {
    return { type: "impact-answer", id, ...v.parse(ImpactNumbers, body) };
  }
  const known = impactRefusals.find((each) => each === why);
  return { type: "impact-refusal", id, why: known ?? "unable" };
}
