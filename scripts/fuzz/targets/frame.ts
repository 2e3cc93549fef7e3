import fc from "fast-check";
import { limits } from "../../../agent/protocol/limits.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import {
  wire1,
  wire2,
  type AnyHello,
  type FromAgent,
  type FromCloud,
  type Wire,
} from "../../../agent/protocol/wire.js";
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
    .sample<FromAgent | FromCloud>(messages, {
      numRuns: 60,
      seed: 3,
    })
    .map((message) => Buffer.from(wire1.write(message))),
);

/** The document in a hello or receipt, signed anew. */
const documentOf = ({ version }: Wire): Layer => ({
  open: (outer) => Buffer.from(signedIn(outer).signed),
  seal: (inner, outer) => {
    const message = signedIn(outer);
    const signed = inner.toString();
    const kind = message.type === "hello" ? "hello" : "receipt";
    const signature = keys.device.sign(textBytes(kind, signed, version));
    const encoded = Buffer.from(signature).toString("base64url");
    return Buffer.from(
      JSON.stringify({ ...message, signed, signature: encoded }),
    );
  },
});

/** Version 1 leaves out what clouds of 0.1.0 do not know: not here. */
const written = (message: FromCloud | FromAgent, wire: Wire): string =>
  wire.version === 1 ? JSON.stringify(message) : wire.write(message);

/** What reads the frames of one version. */
const readersOf = (wire: Wire) => ({
  [`cloud ${wire.version}`]: briefly((text) => {
    const message = wire.fromCloud(text);
    holdsAsJson(message, () => wire.fromCloud(written(message, wire)));
    return message.type;
  }),
  [`agent ${wire.version}`]: briefly((text) => {
    const message = wire.fromAgent(text);
    holdsAsJson(message, () => wire.fromAgent(written(message, wire)));
    return message.type;
  }),
  [`document ${wire.version}`]: briefly((text) => {
    const message = wire.fromAgent(text);
    if (message.type === "hello") return greeting(message, wire);
    if (message.type !== "receipt") return "no document";
    const receipt = wire.receipt(message.signed);
    holdsAsJson(receipt, (again) => wire.receipt(again));
    return "receipt";
  }),
});

export const target: Target = {
  name: "frame",
  corpus: [
    ...golden("cloud message", "agent message"),
    ...golden("cloud message v2", "agent message v2"),
    ...made,
  ],
  readers: { ...readersOf(wire1), ...readersOf(wire2) },
  layers: [documentOf(wire1), documentOf(wire2)],
  words: [
    ...['"type"', '"challenge"', '"welcome"', '"plan"', '"heads"', '"root"'],
    ...['"resync"', '"telemetry-ack"', '"drain"', '"hello"', '"resume"'],
    ...['"receipt"', '"telemetry"', '"refusal"', '"mode"', '"snapshot"'],
    ...['"capabilities"', '"ext"', '"version"'],
    ...['"kind"', '"hits"', '"detection"', '"org/a"', '"local"', '"position"'],
    ...[String(limits.textBytes), "253402300799999", "253402300800000"],
  ],
  refusals: [Malformed, HelloRefused],
  mostBytes: 2 * limits.textBytes,
  mostMemory: 128 * limits.textBytes,
  mostCpuMs: 250,
};

function greeting(
  message: { signed: string; signature: string },
  wire: Wire,
): string {
  const { nonce, cloud } = wire.hello(message.signed);
  const agent = (id: string) => ({
    ...{ id, org: "example", hostname: "", system: "", version: "" },
    publicKey: Buffer.from(keys.device.publicKey).toString("base64url"),
    ...{ protocol: wire.version, enrolledAt: 0, lastSeen: null, leftAt: null },
    ...{ revokedAt: null, revokedWhy: null, tags: [] },
  });
  const { hello } = checkHello(message, { nonce, cloud, agent }, wire);
  const { capabilities, ...rest } = hello;
  holdsAsJson(wire.helloOf(rest, capabilities), (again) =>
    wire.helloOf(withoutCapabilities(wire.hello(again)), capabilities),
  );
  return "hello";
}

const withoutCapabilities = ({ capabilities: _, ...hello }: AnyHello) => hello;

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
