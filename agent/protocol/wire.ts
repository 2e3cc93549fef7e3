import { isBeat } from "./beat.js";
import type { Hello, Receipt } from "./documents.js";
import { Hello as HelloV1, Receipt as ReceiptV1 } from "./documents.js";
import { HelloV2, ReceiptV2 } from "./documents-v2.js";
import type { DrainOrder } from "./drain.js";
import { isMarked, markedNonce } from "./downgrade.js";
import {
  AgentMessageV2,
  CloudMessageV2,
  SUBPROTOCOL_V2,
} from "./messages-v2.js";
import {
  AgentMessage,
  CloudMessage,
  SUBPROTOCOL,
  decodeMessage,
  type ImpactQuestion,
} from "./messages.js";
import { parseJson } from "./shapes.js";
import { requestOf } from "./requests.js";
import type { ProtocolVersion } from "./signed-text.js";
import { asItemV2 } from "./telemetry-v2.js";

/** What either version may have of the cloud, and of an agent. */
export type FromCloud = CloudMessage | CloudMessageV2;
export type FromAgent = AgentMessage | AgentMessageV2;

export type Welcome = FromCloud & { readonly type: "welcome" };

/** A hello of either version; of version 1 it names no capabilities. */
export type AnyHello = Hello & Pick<HelloV2, "capabilities">;

/**
 * One version of the protocol, as a session speaks it from the upgrade on. What
 * reads throws Malformed.
 */
export interface Wire {
  readonly version: ProtocolVersion;
  /** What an upgrade names for it. */
  readonly subprotocol: string;
  fromCloud(text: string): FromCloud;
  fromAgent(text: string): FromAgent;
  write(message: FromCloud | FromAgent): string;
  /** The document in a hello, and the one that an agent signs. */
  hello(signed: string): AnyHello;
  helloOf(hello: Hello, capabilities: readonly string[]): object;
  receipt(signed: string): Receipt;
  /** How hosts are asked for impact, if one with these capabilities may be. */
  question(
    question: ImpactQuestion,
    capabilities: ReadonlySet<string>,
  ): FromCloud | undefined;
  drain(order: DrainOrder): FromCloud;
  /** What a binary frame of the cloud is. */
  binary(bytes: Uint8Array): "segment" | "beat";
  /** What a welcome says beside what both versions have in it. */
  welcomeOf(
    welcome: CloudMessage & { readonly type: "welcome" },
    capabilities: readonly string[],
  ): Welcome;
  capabilitiesOf(welcome: Welcome): readonly string[];
  /** The nonce of a challenge, of 32 random bytes. */
  nonce(random: Buffer): string;
  /** Whether the cloud speaks a newer version, and says so in this one. */
  isDowngrade(nonce: string): boolean;
}

const write = (message: FromCloud | FromAgent) => JSON.stringify(message);

/** Vitals without readings of sensors: clouds of 0.1.0 would not know them. */
function writeOfVersion1(message: FromCloud | FromAgent): string {
  if (message.type !== "telemetry") return write(message);
  const items = message.items.map((item) => {
    if (item.kind !== "vitals") return item;
    const { sensors: _unknown, ...known } = item;
    return known;
  });
  return write({ ...message, items });
}

export const wire1: Wire = {
  version: 1,
  subprotocol: SUBPROTOCOL,
  fromCloud: (text) =>
    decodeMessage(CloudMessage, text, "message from the cloud"),
  fromAgent: (text) =>
    decodeMessage(AgentMessage, text, "message from the agent"),
  write: writeOfVersion1,
  hello: (signed) => ({
    ...parseJson(HelloV1, signed, "hello"),
    capabilities: [],
  }),
  helloOf: (hello) => hello,
  receipt: (signed) => parseJson(ReceiptV1, signed, "receipt"),
  question: (question) => question,
  drain: ({ windowMs }) => ({ type: "drain", windowMs }),
  binary: () => "segment",
  welcomeOf: (welcome) => welcome,
  capabilitiesOf: () => [],
  nonce: markedNonce,
  isDowngrade: isMarked,
};

export const wire2: Wire = {
  version: 2,
  subprotocol: SUBPROTOCOL_V2,
  fromCloud: (text) =>
    decodeMessage(CloudMessageV2, text, "message from the cloud"),
  fromAgent: (text) =>
    decodeMessage(AgentMessageV2, text, "message from the agent"),
  write: (message) => {
    if (message.type !== "telemetry") return write(message);
    const items = message.items.map((item) => asItemV2(item));
    return JSON.stringify({ ...message, items });
  },
  hello: (signed) => parseJson(HelloV2, signed, "hello"),
  helloOf: (hello, capabilities) => ({ ...hello, capabilities }),
  receipt: (signed) => parseJson(ReceiptV2, signed, "receipt"),
  question: (question, capabilities) =>
    capabilities.has("requests") ? requestOf(question) : undefined,
  drain: ({ urls, ...when }) => ({ type: "drain", ...when, urls: [...urls] }),
  binary: (bytes) => (isBeat(bytes) ? "beat" : "segment"),
  welcomeOf: (welcome, capabilities) => ({
    ...welcome,
    capabilities: [...capabilities],
  }),
  capabilitiesOf: (welcome) =>
    "capabilities" in welcome ? welcome.capabilities : [],
  nonce: (random) => random.toString("base64url"),
  isDowngrade: () => false,
};

/** The newest first: in this order they are offered, and chosen. */
export const wires: readonly Wire[] = [wire2, wire1];

/** What is spoken after an upgrade that named this; undefined: nothing. */
export const wireNamed = (subprotocol: string): Wire | undefined =>
  wires.find((wire) => wire.subprotocol === subprotocol);
