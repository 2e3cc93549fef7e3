import * as v from "valibot";
import { CloudFeed, Reason, Term, YesOrNo, wholeNumber } from "./fields.js";

const WholeNumber = wholeNumber();

/** Query of `GET /v1/receipts` and `GET /v1/refusals`. */
export const AnswersQuery = v.strictObject({
  after: v.optional(WholeNumber, "0"),
  limit: v.optional(v.pipe(WholeNumber, v.maxValue(10_000)), "1000"),
  agent: v.optional(v.string()),
  feed: v.optional(CloudFeed),
  epoch: v.optional(v.string()),
  offset: v.optional(WholeNumber),
});

/** Query of `GET /v1/receipts`: those, and the receipts of a decision. */
export const ReceiptsQuery = v.strictObject({
  ...AnswersQuery.entries,
  decision: v.optional(v.string()),
  /** The newest of them, still in the order they came. */
  newest: v.optional(YesOrNo, "false"),
});

const FewOrMany = v.optional(
  v.pipe(WholeNumber, v.minValue(1), v.maxValue(10_000)),
  "1000",
);

/** Query of `GET /v1/statements`. */
export const StatementsQuery = v.strictObject({
  limit: FewOrMany,
  agent: v.optional(v.string()),
  decision: v.optional(v.string()),
  before: v.optional(WholeNumber),
});

/** Query of `GET /v1/proposals`. */
export const ProposalsQuery = v.strictObject({
  limit: FewOrMany,
  all: v.optional(YesOrNo, "false"),
});

/** Body of `POST /v1/proposals/<id>/release`. */
export const ReleaseOrder = v.strictObject({
  for: v.optional(Term, "4h"),
  reason: v.optional(Reason, ""),
});

/** Body of `POST /v1/proposals/<id>/refuse`. */
export const RefuseOrder = v.strictObject({
  reason: v.pipe(Reason, v.minLength(1, "is needed")),
});

/** Query of `GET /v2/log/head`. */
export const HeadQuery = v.strictObject({ from: WholeNumber });

/** Query of `GET /v1/segments`. */
export const SegmentsQuery = v.strictObject({
  feed: CloudFeed,
  epoch: v.string(),
  from: v.pipe(WholeNumber, v.minValue(1)),
});
