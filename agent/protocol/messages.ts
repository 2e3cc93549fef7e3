import * as v from "valibot";
import { limits } from "./limits.js";
import { Malformed } from "./malformed.js";
import { refusalCodes } from "./refusals.js";
import {
  Count,
  Epoch,
  Feed,
  Id,
  Range,
  Sha256,
  Time,
  WirePosition,
  base64url,
  listOf,
  parseJson,
  shortText,
} from "./shapes.js";
import { TelemetryItem } from "./telemetry.js";
import { SignedText } from "./signed-text.js";

/** The WebSocket subprotocol that both sides must name. */
export const SUBPROTOCOL = "tourniquet.v1";

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
const SpoolId = v.pipe(v.string(), v.uuid());

/** Names a question; its answer carries the same. */
const QuestionId = v.pipe(v.string(), v.uuid());

const Tally = v.pipe(Count, v.maxValue(limits.impactCount));

/** Why a host does not say what a ban would cut. */
export const impactRefusals = ["switched-off", "too-often", "unable"] as const;
export type ImpactRefusal = (typeof impactRefusals)[number];

const Plans = listOf(FeedPlan, limits.feeds);

/** What the cloud says in text frames. */
export const CloudMessage = v.variant("type", [
  v.strictObject({
    type: v.literal("challenge"),
    nonce: base64url(32),
    time: Time,
    cloud: shortText(128),
  }),
  v.strictObject({
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
  }),
  v.strictObject({ type: v.literal("plan"), plans: Plans }),
  v.strictObject({
    type: v.literal("heads"),
    heads: listOf(SignedText, limits.feeds),
  }),
  /** A root that comes into force now: what follows is signed by its keys. */
  v.strictObject({ type: v.literal("root"), root: SignedText }),
  /** What the critical keys allow one feed, in place of what they did before. */
  v.strictObject({ type: v.literal("approval"), approval: SignedText }),
  v.strictObject({
    type: v.literal("resync"),
    feed: Feed,
    reason: v.picklist(["lag", "epoch"]),
  }),
  v.strictObject({
    type: v.literal("telemetry-ack"),
    spool: SpoolId,
    /** All items up to this one are durable in the cloud. */
    through: Count,
  }),
  /** How much would bans on these ranges cut on this host? */
  v.strictObject({
    type: v.literal("impact-question"),
    id: QuestionId,
    ranges: listOf(Range, limits.impactRanges, 1),
  }),
  v.strictObject({
    type: v.literal("drain"),
    /** Come back at a random moment within this many milliseconds. */
    windowMs: v.pipe(Count, v.maxValue(3_600_000)),
  }),
]);
export type CloudMessage = v.InferOutput<typeof CloudMessage>;

const signedByDevice = {
  signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
  signature: base64url(64),
};

/** What an agent says in text frames. */
export const AgentMessage = v.variant("type", [
  v.strictObject({ type: v.literal("hello"), ...signedByDevice }),
  v.strictObject({
    type: v.literal("resume"),
    feed: Feed,
    /** Absent while the agent has nothing of the feed. */
    position: v.optional(WirePosition),
  }),
  v.strictObject({ type: v.literal("receipt"), ...signedByDevice }),
  v.strictObject({
    type: v.literal("telemetry"),
    spool: SpoolId,
    /** Number of the first item; the others follow without gaps. */
    first: v.pipe(Count, v.minValue(1)),
    items: listOf(TelemetryItem, limits.telemetryItems, 1),
  }),
  v.strictObject({
    type: v.literal("refusal"),
    feed: Feed,
    code: v.picklist(refusalCodes),
    /** One line for a person. */
    detail: shortText(512),
  }),
  /** Sums over all ranges of the question: numbers, and never an address. */
  v.strictObject({
    type: v.literal("impact-answer"),
    id: QuestionId,
    /** Flows that are open now. */
    live: Tally,
    /** Those of them that this host, or one behind it, began. */
    liveBegun: Tally,
    /** Remote addresses seen since `since`. */
    recent: Tally,
    /** Those of them that this host, or one behind it, called. */
    recentBegun: Tally,
    since: Time,
    /** Whether all that is open was looked at; else `live` may be more. */
    whole: v.boolean(),
  }),
  v.strictObject({
    type: v.literal("impact-refusal"),
    id: QuestionId,
    why: v.picklist(impactRefusals),
  }),
]);
export type AgentMessage = v.InferOutput<typeof AgentMessage>;

export const decodeCloudMessage = (text: string): CloudMessage =>
  decode(CloudMessage, text, "message from the cloud");

export const decodeAgentMessage = (text: string): AgentMessage =>
  decode(AgentMessage, text, "message from the agent");

export const encodeMessage = (message: CloudMessage | AgentMessage): string =>
  JSON.stringify(message);

function decode<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
): v.InferOutput<S> {
  if (Buffer.byteLength(text) > limits.textBytes) {
    throw new Malformed(what, `has more than ${limits.textBytes} bytes`);
  }
  return parseJson(schema, text, what);
}
