import { markedNonce } from "../../../agent/protocol/downgrade.js";
import {
  beatBytes,
  decodeBeat,
  encodeBeat,
} from "../../../agent/protocol/beat.js";
import { asItemV2 } from "../../../agent/protocol/telemetry-v2.js";
import {
  textBytes,
  type SignedText,
} from "../../../agent/protocol/signed-text.js";
import { signAsDevice, signerOf, signText } from "../../../agent/trust/sign.js";
import { NOW, hex, keys, token, type KeyName } from "../../support/vectors.js";
import { hello, QUESTION, receipt, SPOOL } from "./messages.js";
import { itemsOfEveryKind } from "./telemetry.js";
import { keysOf, type Vector } from "./vector.js";

/** What version 2 says otherwise, or only version 2 says. */
export function messageVectorsV2(): readonly Vector[] {
  return [
    {
      ...fromCloud(
        "challenge-of-a-newer-cloud",
        "In version 1, of a cloud that speaks version 2: the nonce ends in tq-down1. An agent that offered version 2 leaves.",
        {
          ...{ type: "challenge", nonce: markedNonce(Buffer.alloc(32, 1)) },
          ...{ time: NOW, cloud: "cloud.example" },
        },
      ),
      reads: "cloud message",
    },
    signedByDevice("hello-v2", "The answer to challenge.json in version 2.", {
      ...hello,
      capabilities: ["rings", "requests"],
      ext: { "x-region": "eu-1" },
    }),
    fromCloud("welcome-v2", "What the cloud can do, beside its plans.", {
      ...{ type: "welcome", agent: "agt_1", org: "example" },
      ...{ session: token(2), heartbeatMs: 25_000, root: 1 },
      plans: [{ mode: "tail", feed: "urgent", epoch: "e1" }],
      capabilities: ["log", "dances"],
    }),
    state(),
    {
      ...fromCloud("state-message", "Where all feeds stand: state.json.", {
        ...{ type: "state", state: signState() },
      }),
      keys: keysOf("head"),
    },
    beat(),
    telemetry(),
    fromCloud(
      "request",
      "What would a ban on these cut on this host?",
      request,
    ),
    {
      ...fromCloud(
        "answer",
        "The numbers that request.json asked for.",
        answer,
      ),
      ...{ reads: "agent message v2", direction: "agent to cloud" },
    },
    {
      ...fromCloud("answer-unsupported", "Of a kind that the host knows not.", {
        ...{ type: "answer", id: QUESTION, kind: "dance" },
        result: "unsupported",
      }),
      ...{ reads: "agent message v2", direction: "agent to cloud" },
    },
    fromCloud("drain-v2", "After a minute, within two, and first elsewhere.", {
      ...{ type: "drain", afterMs: 60_000, windowMs: 120_000 },
      urls: ["https://two.cloud.example"],
    }),
    signedByDevice("receipt-v2", "As receipt.json, with an ext.", {
      ...receipt,
      ext: { "x-slot": 3 },
    }),
  ];
}

/** Where two feeds stand, in one statement. */
export const stateDocument = {
  type: "state",
  time: NOW,
  heads: [
    { feed: "urgent", epoch: "e1", offset: 7, hash: "ab".repeat(32) },
    { feed: "reputation", epoch: "e1", offset: 52_000, hash: "ab".repeat(32) },
  ],
} as const;

export const signState = (document: object = stateDocument): SignedText =>
  signText("state", document, [keys.head], 2);

export const BEAT_AT = NOW + 25_000;

interface BeatOptions {
  readonly time?: number;
  readonly signer?: KeyName;
}

/** A beat, by whoever signs it, about whatever state. */
export function beatOf(
  state: SignedText,
  { time = BEAT_AT, signer = "head" }: BeatOptions = {},
): Buffer {
  const signatures = signerOf([keys[signer]])(beatBytes(state.signed, time));
  return encodeBeat({ time, signatures });
}

export const request = {
  ...{ type: "request", id: QUESTION, kind: "impact" },
  body: { ranges: ["203.0.113.0/24", "2001:db8:bad::/48"] },
} as const;

export const answer = {
  ...{ type: "answer", id: QUESTION, kind: "impact", result: "done" },
  body: {
    ...{ live: 3, liveBegun: 1, recent: 12, recentBegun: 2 },
    ...{ since: NOW - 86_400_000, whole: true },
  },
} as const;

/** A change that a host took back after its receipt. */
export const statementDocument = {
  what: "trial-failed",
  ...{ agent: "agt_1", time: NOW, mode: "enforce" },
  ...{ feed: "urgent", revision: 12, bans: 2 },
  position: { feed: "urgent", epoch: "e1", offset: 7, hash: "cd".repeat(32) },
  why: ["no signed word of the cloud was heard"],
} as const;

export const signStatement = (document: object = statementDocument) => ({
  ...{ kind: "statement", version: 1 },
  ...signAsDevice("statement", document, keys.device, 2),
});

function telemetry(): Vector {
  const statement = signStatement();
  const { version: _, ...known } = statement;
  const unknown = { kind: "weather", version: 3, rain: [true] };
  const envelope = { type: "telemetry", spool: SPOOL, first: 42 };
  const bytes = textBytes("statement", statement.signed, 2);
  return {
    name: "telemetry-v2",
    reads: "agent message v2",
    direction: "agent to cloud",
    description:
      "An item of every kind, one of a kind that no cloud knows yet, and a statement, whose signed bytes these are.",
    keys: keysOf("device"),
    text: JSON.stringify({
      ...envelope,
      items: [...itemsOfEveryKind.map(asItemV2), unknown, statement],
    }),
    signedBytes: hex(bytes),
    signatures: [
      {
        key: keys.device.id,
        signature: hex(Buffer.from(statement.signature, "base64url")),
      },
    ],
    decoded: {
      ...envelope,
      items: [...itemsOfEveryKind, { kind: "opaque", item: unknown }, known],
    },
  };
}

function state(): Vector {
  const text = signState();
  return {
    name: "state",
    reads: "state",
    direction: "cloud to agent",
    description: "Where urgent and reputation stand, signed by the head key.",
    keys: keysOf("head"),
    text: JSON.stringify(text),
    signedBytes: hex(textBytes("state", text.signed, 2)),
    signatures: text.signatures.map(({ key, signature }) => ({
      ...{ key, signature: hex(Buffer.from(signature, "base64url")) },
    })),
    decoded: stateDocument,
  };
}

function beat(): Vector {
  const bytes = beatOf(signState());
  const { signatures } = decodeBeat(bytes);
  return {
    name: "beat",
    reads: "beat",
    direction: "cloud to agent",
    description: "That state.json was still so 25 seconds later.",
    keys: keysOf("head"),
    hex: hex(bytes),
    signedBytes: hex(beatBytes(signState().signed, BEAT_AT)),
    signatures: signatures.map(({ key, signature }) => ({
      ...{ key, signature: hex(signature) },
    })),
    decoded: { time: BEAT_AT },
  };
}

function fromCloud(name: string, description: string, message: object): Vector {
  return {
    name,
    reads: "cloud message v2",
    direction: "cloud to agent",
    description,
    text: JSON.stringify(message),
    decoded: message,
  };
}

/** `decoded` shows the document where the message carries its text. */
function signedByDevice(
  name: string,
  description: string,
  document: object,
): Vector {
  const type = name.startsWith("receipt") ? "receipt" : "hello";
  const { signed, signature } = signAsDevice(type, document, keys.device, 2);
  return {
    name,
    reads: "agent message v2",
    direction: "agent to cloud",
    description,
    keys: keysOf("device"),
    text: JSON.stringify({ type, signed, signature }),
    signedBytes: hex(textBytes(type, signed, 2)),
    signatures: [
      {
        key: keys.device.id,
        signature: hex(Buffer.from(signature, "base64url")),
      },
    ],
    decoded: { type, signed: document, signature },
  };
}
