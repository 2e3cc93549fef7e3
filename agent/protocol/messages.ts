import * as v from "valibot";
import { limits } from "./limits.js";
import { Malformed } from "./malformed.js";
import {
  ApprovalNews,
  Challenge,
  HelloNews,
  Plan,
  ReceiptNews,
  RefusalNews,
  Resume,
  Resync,
  RootNews,
  SpoolId,
  TelemetryAck,
  welcomeFields,
} from "./shared-messages.js";
import { Count, Range, Time, listOf, parseJson } from "./shapes.js";
import { SignedText } from "./signed-text.js";
import { TelemetryItem } from "./telemetry.js";

export { FeedPlan } from "./shared-messages.js";

/** What version 1 says. The subprotocol is what both sides must name for it. */
export const SUBPROTOCOL = "tourniquet.v1";

/** Names a question; its answer carries the same. */
const QuestionId = v.pipe(v.string(), v.uuid());

const Tally = v.pipe(Count, v.maxValue(limits.impactCount));

/** Why a host does not say what a ban would cut. */
export const impactRefusals = ["switched-off", "too-often", "unable"] as const;
export type ImpactRefusal = (typeof impactRefusals)[number];

/** How much would bans on these ranges cut on this host? */
export const ImpactQuestion = v.strictObject({
  type: v.literal("impact-question"),
  id: QuestionId,
  ranges: listOf(Range, limits.impactRanges, 1),
});
export type ImpactQuestion = v.InferOutput<typeof ImpactQuestion>;

/** Sums over all ranges of the question: numbers, and never an address. */
export const ImpactSums = v.strictObject({
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
});

const ImpactRefused = v.strictObject({
  type: v.literal("impact-refusal"),
  id: QuestionId,
  why: v.picklist(impactRefusals),
});

/** What a host says to an impact question. */
export type ImpactAnswer =
  v.InferOutput<typeof ImpactSums> | v.InferOutput<typeof ImpactRefused>;

/** What the cloud says in text frames. */
export const CloudMessage = v.variant("type", [
  Challenge,
  v.strictObject(welcomeFields),
  Plan,
  v.strictObject({
    type: v.literal("heads"),
    heads: listOf(SignedText, limits.feeds),
  }),
  RootNews,
  ApprovalNews,
  Resync,
  TelemetryAck,
  ImpactQuestion,
  v.strictObject({
    type: v.literal("drain"),
    /** Come back at a random moment within this many milliseconds. */
    windowMs: v.pipe(Count, v.maxValue(3_600_000)),
  }),
]);
export type CloudMessage = v.InferOutput<typeof CloudMessage>;

/** What an agent says in text frames. */
export const AgentMessage = v.variant("type", [
  HelloNews,
  Resume,
  ReceiptNews,
  v.strictObject({
    type: v.literal("telemetry"),
    spool: SpoolId,
    /** Number of the first item; the others follow without gaps. */
    first: v.pipe(Count, v.minValue(1)),
    items: listOf(TelemetryItem, limits.telemetryItems, 1),
  }),
  RefusalNews,
  ImpactSums,
  ImpactRefused,
]);
export type AgentMessage = v.InferOutput<typeof AgentMessage>;

/** @throws Malformed */
export function decodeMessage<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
): v.InferOutput<S> {
  if (Buffer.byteLength(text) > limits.textBytes) {
    throw new Malformed(what, `has more than ${limits.textBytes} bytes`);
  }
  return parseJson(schema, text, what);
}
