import fc from "fast-check";
import { Hello, Receipt } from "../../../agent/protocol/documents.js";
import { limits } from "../../../agent/protocol/limits.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import {
  decodeAgentMessage,
  decodeCloudMessage,
  encodeMessage,
} from "../../../agent/protocol/messages.js";
import { parseJson } from "../../../agent/protocol/shapes.js";
import { checkHello, HelloRefused } from "../../../cloud/gateway/hello.js";
import {
  agentMessages,
  cloudMessages,
} from "../../../test/protocol/arbitraries.js";
import { keys } from "../../../test/support/vectors.js";
import { textBytes } from "../../../agent/protocol/signed-text.js";
import { golden } from "../corpus.js";
import type { Layer, Target } from "../target.js";
import { briefly, holdsAsJson } from "./json.js";

const made = [cloudMessages, agentMessages].flatMap((messages) =>
  fc
    .sample<Parameters<typeof encodeMessage>[0]>(messages, {
      numRuns: 60,
      seed: 3,
    })
    .map((message) => Buffer.from(encodeMessage(message))),
);

/** The document in a hello or receipt, signed anew. */
const document: Layer = {
  open: (outer) => Buffer.from(signedIn(outer).signed),
  seal: (inner, outer) => {
    const message = signedIn(outer);
    const signed = inner.toString();
    const kind = message.type === "hello" ? "hello" : "receipt";
    const signature = keys.device.sign(textBytes(kind, signed));
    const encoded = Buffer.from(signature).toString("base64url");
    return Buffer.from(
      JSON.stringify({ ...message, signed, signature: encoded }),
    );
  },
};

export const target: Target = {
  name: "frame",
  corpus: [...golden("cloud message", "agent message"), ...made],
  readers: {
    cloud: briefly((text) => {
      const message = decodeCloudMessage(text);
      holdsAsJson(message, decodeCloudMessage);
      return message.type;
    }),
    agent: briefly((text) => {
      const message = decodeAgentMessage(text);
      holdsAsJson(message, decodeAgentMessage);
      return message.type;
    }),
    document: briefly((text) => {
      const message = decodeAgentMessage(text);
      if (message.type === "hello") return greeting(message);
      if (message.type !== "receipt") return "no document";
      const receipt = parseJson(Receipt, message.signed, "receipt");
      holdsAsJson(receipt, (again) => parseJson(Receipt, again, "receipt"));
      return "receipt";
    }),
  },
  layers: [document],
  words: [
    ...['"type"', '"challenge"', '"welcome"', '"plan"', '"heads"', '"root"'],
    ...['"resync"', '"telemetry-ack"', '"drain"', '"hello"', '"resume"'],
    ...['"receipt"', '"telemetry"', '"refusal"', '"mode"', '"snapshot"'],
    ...['"kind"', '"hits"', '"detection"', '"org/a"', '"local"', '"position"'],
    ...[String(limits.textBytes), "253402300799999", "253402300800000"],
  ],
  refusals: [Malformed, HelloRefused],
  mostBytes: 2 * limits.textBytes,
  mostMemory: 128 * limits.textBytes,
  mostCpuMs: 250,
};

function greeting(message: { signed: string; signature: string }): string {
  const { hello } = checkHello(message, {
    nonce: parseJson(Hello, message.signed, "hello").nonce,
    cloud: parseJson(Hello, message.signed, "hello").cloud,
    agent: (id) => ({
      ...{ id, org: "example", hostname: "", system: "", version: "" },
      publicKey: Buffer.from(keys.device.publicKey).toString("base64url"),
      ...{
        protocol: 1,
        enrolledAt: 0,
        revokedAt: null,
        revokedWhy: null,
        lastSeen: null,
      },
    }),
  });
  holdsAsJson(hello, (again) => parseJson(Hello, again, "hello"));
  return "hello";
}

interface SignedMessage {
  readonly type: string;
  readonly signed: string;
}

function signedIn(outer: Buffer): SignedMessage {
  const message = JSON.parse(outer.toString()) as Partial<SignedMessage>;
  const { type = "", signed } = message;
  if (signed === undefined) throw new Error(`${type} is not signed`);
  return { ...message, type, signed };
}
