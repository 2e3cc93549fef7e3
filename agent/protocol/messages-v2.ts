import * as v from "valibot";
import { Capabilities } from "./ext.js";
import { DrainV2 } from "./drain.js";
import { limits } from "./limits.js";
import { Answer, Request } from "./requests.js";
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
import { Count, listOf } from "./shapes.js";
import { SignedText } from "./signed-text.js";
import { ItemV2 } from "./telemetry-v2.js";

/** What version 2 says; documents in it are under "Documents" (documents-v2.ts). */
export const SUBPROTOCOL_V2 = "tourniquet.v2";

export const WelcomeV2 = v.strictObject({
  ...welcomeFields,
  /** What this cloud can do beyond what version 2 asks of all. */
  capabilities: Capabilities,
});

/** What the customer wants of this host from here on, in place of all before. */
const PolicyNews = v.strictObject({
  type: v.literal("policy"),
  policy: SignedText,
});

/** What the cloud says in text frames. */
export const CloudMessageV2 = v.variant("type", [
  Challenge,
  WelcomeV2,
  Plan,
  /** Where all feeds stand; that it is still so, beats say (beat.ts). */
  v.strictObject({ type: v.literal("state"), state: SignedText }),
  RootNews,
  ApprovalNews,
  PolicyNews,
  Resync,
  TelemetryAck,
  Request,
  DrainV2,
]);
export type CloudMessageV2 = v.InferOutput<typeof CloudMessageV2>;

/**
 * Whether a text frame of the cloud is a policy that is too long. What is within its
 * other limits may be so by its words, at each welcome anew: no reason to hang up.
 */
export const isOverlongPolicy = (text: string): boolean =>
  text.startsWith('{"type":"policy",') &&
  Buffer.byteLength(text) > limits.textBytes;

/** What an agent says in text frames. */
export const AgentMessageV2 = v.variant("type", [
  HelloNews,
  Resume,
  ReceiptNews,
  v.strictObject({
    type: v.literal("telemetry"),
    spool: SpoolId,
    /** Number of the first item; the others follow without gaps. */
    first: v.pipe(Count, v.minValue(1)),
    items: listOf(ItemV2, limits.telemetryItems, 1),
  }),
  RefusalNews,
  Answer,
]);
export type AgentMessageV2 = v.InferOutput<typeof AgentMessageV2>;
