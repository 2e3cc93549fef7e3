import * as v from "valibot";
import { limits } from "./limits.js";
import { refusalCodes } from "./refusals.js";
import {
  Count,
  Epoch,
  Feed,
  Id,
  Sha256,
  Time,
  WirePosition,
  base64url,
  listOf,
  shortText,
} from "./shapes.js";
import { SignedText } from "./signed-text.js";

/** What both versions of the protocol say in the same words. */

/** How an agent gets from where it stands to where the feed stands. */
export const FeedPlan = v.variant("mode", [
  /** Live segments follow on this connection, from the next op on. */
  v.strictObject({ mode: v.literal("tail"), feed: Feed, epoch: Epoch }),
  /** Fetch `GET /v1/segments`, then resume. */
  v.strictObject({
    mode: v.literal("segments"),
    feed: Feed,
    epoch: Epoch,
    from: Count,
    to: Count,
  }),
  /** Fetch `GET /v1/snapshots/<sha256>`, then resume. */
  v.strictObject({
    mode: v.literal("snapshot"),
    feed: Feed,
    epoch: Epoch,
    offset: Count,
    sha256: Sha256,
    bytes: v.pipe(Count, v.maxValue(limits.snapshotBytes)),
  }),
]);
export type FeedPlan = v.InferOutput<typeof FeedPlan>;

/** Names the numbering of an agent's spool; a new spool file draws a new one. */
export const SpoolId = v.pipe(v.string(), v.uuid());

const Plans = listOf(FeedPlan, limits.feeds);

/** The first word on a connection. */
export const Challenge = v.strictObject({
  type: v.literal("challenge"),
  nonce: base64url(32),
  time: Time,
  cloud: shortText(128),
});

/** What welcomes of both versions hold. */
export const welcomeFields = {
  type: v.literal("welcome"),
  agent: Id,
  org: Id,
  /** Bearer token for segments and snapshots while this connection lives. */
  session: base64url(32),
  /** How often either side is heard at least, in milliseconds. */
  heartbeatMs: v.pipe(Count, v.minValue(100), v.maxValue(600_000)),
  /** Version of the newest root; those before it are at `GET /v1/roots/<version>`. */
  root: v.pipe(Count, v.minValue(1)),
  plans: Plans,
};

export const Plan = v.strictObject({ type: v.literal("plan"), plans: Plans });

/** A root that comes into force now: what follows is signed by its keys. */
export const RootNews = v.strictObject({
  type: v.literal("root"),
  root: SignedText,
});

/** What the critical keys allow one feed, in place of what they did before. */
export const ApprovalNews = v.strictObject({
  type: v.literal("approval"),
  approval: SignedText,
});

export const Resync = v.strictObject({
  type: v.literal("resync"),
  feed: Feed,
  reason: v.picklist(["lag", "epoch"]),
});

export const TelemetryAck = v.strictObject({
  type: v.literal("telemetry-ack"),
  spool: SpoolId,
  /** All items up to this one are durable in the cloud. */
  through: Count,
});

/** A document of the device, exactly as it was signed. */
export const signedByDevice = {
  signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
  signature: base64url(64),
};

export const HelloNews = v.strictObject({
  type: v.literal("hello"),
  ...signedByDevice,
});

export const Resume = v.strictObject({
  type: v.literal("resume"),
  feed: Feed,
  /** Absent while the agent has nothing of the feed. */
  position: v.optional(WirePosition),
});

export const ReceiptNews = v.strictObject({
  type: v.literal("receipt"),
  ...signedByDevice,
});

export const RefusalNews = v.strictObject({
  type: v.literal("refusal"),
  feed: Feed,
  code: v.picklist(refusalCodes),
  /** One line for a person. */
  detail: shortText(512),
});
