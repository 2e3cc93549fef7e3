import * as v from "valibot";
import { InvalidCidr, parseCidr } from "../../agent/model/cidr.js";
import { isFeedName } from "../../agent/model/position.js";
import { limits } from "../../agent/protocol/limits.js";
import {
  WirePosition,
  listOf,
  shortText,
} from "../../agent/protocol/shapes.js";
import type { BanPlace } from "../feeds/snapshots/ban-listing.js";
import { listFormats } from "../lists/line.js";
import {
  CloudFeed,
  Range,
  Ranges,
  Reason,
  RingWaits,
  Term,
  YesOrNo,
  wholeNumber,
} from "./fields.js";

const rangeFields = {
  range: v.optional(Range),
  ranges: v.optional(Ranges),
  feed: v.optional(CloudFeed, "urgent"),
};

/** Body of `POST /v1/bans`. */
export const BanOrder = v.strictObject({
  ...rangeFields,
  for: v.optional(Term, "4h"),
  reason: v.optional(Reason, ""),
  /** Hosts are to count and report, and drop nothing. */
  observe: v.optional(v.boolean(), false),
  /** Bans that last longer, or drop what this only observes, give way to it. */
  replace: v.optional(v.boolean(), false),
  /** How long each ring of hosts waits for the one before: "10m,1h,6h". */
  rings: v.optional(RingWaits),
  dryRun: v.optional(v.boolean(), false),
});

/** Body of `POST /v1/lifts`. */
export const LiftOrder = v.strictObject({
  ...rangeFields,
  /** In whichever feed the ranges are banned. */
  allFeeds: v.optional(v.boolean(), false),
  /** Bans that lie in the ranges, too. */
  within: v.optional(v.boolean(), false),
  reason: v.optional(Reason, ""),
  dryRun: v.optional(v.boolean(), false),
});

/** Body of `POST /v1/bundles`. */
export const BundleOrder = v.strictObject({
  org: v.optional(v.pipe(v.string(), v.maxLength(64))),
  agent: v.optional(v.pipe(v.string(), v.maxLength(256))),
  since: v.optional(listOf(WirePosition, limits.feeds)),
});

/** Body of `POST /v1/impact`. */
export const ImpactOrder = v.strictObject({
  ranges: v.pipe(Ranges, v.maxLength(limits.impactRanges)),
  feed: rangeFields.feed,
});

/** Query of `POST /v1/imports`. */
export const ImportOrder = v.strictObject({
  feed: v.optional(CloudFeed, "reputation"),
  for: v.optional(Term, "7d"),
  reason: v.optional(Reason, ""),
  observe: v.optional(YesOrNo, "false"),
  format: v.optional(v.picklist(listFormats)),
  /** Of a table: the column with the ranges, by name, or by number from 1. */
  column: v.optional(v.pipe(shortText(128), v.minLength(1))),
  /** Whose ranges they are, so that a later import can replace them. */
  list: v.optional(v.pipe(shortText(128), v.minLength(1))),
  /** Lift what the list of this name brought before and has no more. */
  replace: v.optional(YesOrNo, "false"),
  /** Take what can be taken of what is hardly a list. */
  force: v.optional(YesOrNo, "false"),
  /** Say what would be done, and do nothing. */
  dryRun: v.optional(YesOrNo, "false"),
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

/** Query of `GET /v1/decisions`. */
export const DecisionsQuery = v.strictObject({
  limit: FewOrMany,
  before: v.optional(WholeNumber),
  by: v.optional(v.string()),
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

/** Query of `GET /v1/bans`. */
export const BansQuery = v.strictObject({
  limit: v.optional(
    v.pipe(WholeNumber, v.minValue(1), v.maxValue(10_000)),
    "50",
  ),
  feed: v.optional(CloudFeed),
  range: v.optional(Range),
  /** As the page before says where the next one begins. */
  cursor: v.optional(v.pipe(v.string(), v.rawTransform(readPlace))),
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

function readPlace(context: v.RawTransformContext<string>): BanPlace {
  const [feed = "", range = ""] = context.dataset.value.split(" ");
  try {
    if (isFeedName(feed)) return { feed, cidr: parseCidr(range) };
  } catch (error) {
    if (!(error instanceof InvalidCidr)) throw error;
  }
  context.addIssue({ message: "is not where a page begins" });
  return context.NEVER;
}
