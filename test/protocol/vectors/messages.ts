import type {
  AgentMessage,
  CloudMessage,
} from "../../../agent/protocol/messages.js";
import { textBytes } from "../../../agent/protocol/signed-text.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { NOW, hex, keys, token } from "../../support/vectors.js";
import {
  reputationApproval,
  signApproval,
  signHead,
  urgentHead,
} from "./documents.js";
import { itemsOfEveryKind } from "./telemetry.js";
import { keysOf, type Vector } from "./vector.js";

/** Every control message, in the order a connection shows them. */
export function messageVectors(): readonly Vector[] {
  return [
    fromCloud("challenge", "The first word on a connection.", challenge),
    signedByDevice("hello", "The answer to challenge.json.", hello),
    signedByDevice("hello-first", "A hello of an agent that has nothing yet.", {
      ...hello,
      positions: [],
    }),
    fromCloud(
      "welcome-tail",
      "The agent is close enough: what is missing follows live.",
      welcome({ mode: "tail", feed: "urgent", epoch: "e1" }),
    ),
    fromCloud(
      "welcome-segments",
      "Fetch segments over HTTP, then resume.",
      welcome(segmentsPlan),
    ),
    fromCloud(
      "welcome-snapshot",
      "Fetch a snapshot over HTTP, then resume.",
      welcome(snapshotPlan),
    ),
    fromCloud("plan", "The answer to resume: one plan for each feed.", {
      type: "plan",
      plans: [segmentsPlan, snapshotPlan],
    }),
    fromCloud("heads", "Two feeds, each as its own signed text.", heads()),
    fromCloud("approval-message", "What is allowed to reputation.", {
      type: "approval",
      approval: signApproval(reputationApproval),
    }),
    fromCloud("resync", "The cloud dropped live segments; resume.", {
      type: "resync",
      feed: "urgent",
      reason: "lag",
    }),
    fromCloud("drain", "Come back within two minutes.", {
      type: "drain",
      windowMs: 120_000,
    }),
    fromCloud("telemetry-ack", "The items of telemetry.json are durable.", {
      type: "telemetry-ack",
      spool: SPOOL,
      through: 47,
    }),
    fromCloud("impact-question", "What would these bans cut on this host?", {
      type: "impact-question",
      id: QUESTION,
      ranges: ["203.0.113.0/24", "2001:db8:bad::/48", "198.51.100.7"],
    }),
    fromAgent(
      "impact-answer",
      "Numbers: of flows now, and of remotes lately.",
      {
        type: "impact-answer",
        id: QUESTION,
        ...{ live: 3, liveBegun: 1, recent: 12, recentBegun: 2 },
        since: NOW - 86_400_000,
        whole: true,
      },
    ),
    fromAgent("impact-refusal", "The customer has switched answers off.", {
      type: "impact-refusal",
      id: QUESTION,
      why: "switched-off",
    }),
    fromAgent("telemetry", "One item of every kind.", {
      type: "telemetry",
      spool: SPOOL,
      first: 42,
      items: itemsOfEveryKind,
    }),
    fromAgent("resume", "Where the agent stands now; asks for a plan.", {
      type: "resume",
      feed: "urgent",
      position: urgentAt,
    }),
    fromAgent("resume-first", "The same of a feed it has nothing of yet.", {
      type: "resume",
      feed: "org/example",
    }),
    signedByDevice(
      "receipt",
      "Two bans in force, one that is only observed, one held.",
      receipt,
    ),
    signedByDevice(
      "receipt-of-a-trial",
      "In force until then, unless the host is seen to live on with it.",
      { ...receipt, trial: { bans: 2, until: NOW + 60_000 } },
    ),
    fromAgent("refusal", "Why a segment was not carried out.", {
      type: "refusal",
      feed: "urgent",
      code: "gap",
      detail: "urgent is at 4, the segment at 6",
    }),
  ];
}

export const QUESTION = "0c4f9d52-3b1e-4c7a-9f60-7d2e8a1b5c34";
export const SPOOL = "9b2e4f0a-6c1d-4e7b-8a35-1f2d3c4b5a69";

export const urgentAt = {
  feed: "urgent",
  epoch: "e1",
  offset: 4,
  hash: "cd".repeat(32),
} as const;

export const challenge: CloudMessage = {
  type: "challenge",
  nonce: token(1),
  time: NOW,
  cloud: "cloud.example",
};

export const hello = {
  agent: "agt_1",
  nonce: token(1),
  cloud: "cloud.example",
  time: NOW,
  version: "0.1.0",
  boot: "123e4567-e89b-42d3-a456-426614174000",
  positions: [
    urgentAt,
    { feed: "org/example", epoch: "k3", offset: 0, hash: "00".repeat(32) },
  ],
};

export const segmentsPlan = {
  mode: "segments",
  feed: "urgent",
  epoch: "e1",
  from: 5,
  to: 1_200,
} as const;

export const snapshotPlan = {
  mode: "snapshot",
  feed: "reputation",
  epoch: "e1",
  offset: 52_000,
  sha256: "ef".repeat(32),
  bytes: 660_000,
} as const;

type Plans = (CloudMessage & { readonly type: "plan" })["plans"];

export function welcome(plan: Plans[number]): CloudMessage {
  return {
    type: "welcome",
    agent: "agt_1",
    org: "example",
    session: token(2),
    heartbeatMs: 25_000,
    root: 1,
    plans: [plan],
  };
}

export function heads(): CloudMessage {
  return {
    type: "heads",
    heads: [
      signHead(urgentHead),
      signHead({ ...urgentHead, feed: "reputation", offset: 52_000 }),
    ],
  };
}

export const receipt = {
  agent: "agt_1",
  position: { ...urgentAt, offset: 7 },
  revision: 12,
  backend: "nftables",
  mode: "enforce",
  banned: 2,
  observed: 1,
  lifted: 0,
  expired: 0,
  heldTotal: 1,
  held: [{ range: "192.0.2.0/24", rule: "never-this-host" }],
  receivedAt: NOW,
  recordedMs: 1.25,
  enforcedMs: 2.5,
};

function fromCloud(
  name: string,
  description: string,
  message: CloudMessage,
): Vector {
  return {
    name,
    reads: "cloud message",
    direction: "cloud to agent",
    description,
    ...(message.type === "heads" ? { keys: keysOf("head") } : {}),
    text: JSON.stringify(message),
    decoded: message,
  };
}

function fromAgent(
  name: string,
  description: string,
  message: AgentMessage,
): Vector {
  return {
    name,
    reads: "agent message",
    direction: "agent to cloud",
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
  const { signed, signature } = signAsDevice(type, document, keys.device);
  return {
    name,
    reads: "agent message",
    direction: "agent to cloud",
    description,
    keys: keysOf("device"),
    text: JSON.stringify({ type, signed, signature }),
    signedBytes: hex(textBytes(type, signed)),
    signatures: [
      {
        key: keys.device.id,
        signature: hex(Buffer.from(signature, "base64url")),
      },
    ],
    decoded: { type, signed: document, signature },
  };
}
