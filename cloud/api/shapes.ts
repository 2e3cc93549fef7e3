import * as v from "valibot";
import { limits } from "../../agent/protocol/limits.js";
import { WirePosition, listOf } from "../../agent/protocol/shapes.js";
import {
  CloudFeed,
  Range,
  Reason,
  Term,
  YesOrNo,
  wholeNumber,
} from "./fields.js";

/** Body of `POST /v1/bundles`. */
export const BundleOrder = v.strictObject({
  org: v.optional(v.pipe(v.string(), v.maxLength(64))),
  agent: v.optional(v.pipe(v.string(), v.maxLength(256))),
  since: v.optional(listOf(WirePosition, limits.feeds)),
});

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

/** Query of `GET /v1/detections`, `/v1/sightings` and `/v1/contacts`. */
export const TelemetryQuery = v.strictObject({
  limit: FewOrMany,
  range: v.optional(Range),
  org: v.optional(v.string()),
  agent: v.optional(v.string()),
  before: v.optional(WholeNumber),
});

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

/** Body of `POST /v1/agents/<id>/revoke`; none is as good as an empty one. */
export const RevokeOrder = v.strictObject({
  reason: v.optional(Reason),
});

/** Query of `GET /v1/clones`. */
export const ClonesQuery = v.strictObject({ limit: FewOrMany });

/** Query of `GET /v2/log/head`. */
export const HeadQuery = v.strictObject({ from: WholeNumber });

/** Query of `GET /v1/segments`. */
export const SegmentsQuery = v.strictObject({
  feed: CloudFeed,
  epoch: v.string(),
  from: v.pipe(WholeNumber, v.minValue(1)),
});
