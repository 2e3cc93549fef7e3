import {
  encodeToken,
  enrolmentProofBytes,
} from "../../../agent/protocol/enrolment.js";
import {
  textBytes,
  type ProtocolVersion,
  type SignedText,
} from "../../../agent/protocol/signed-text.js";
import { fingerprintOf } from "../../../agent/trust/root.js";
import { signAsDevice, signText } from "../../../agent/trust/sign.js";
import {
  HOUR_MS,
  NEXT_SIGNERS,
  NOW,
  hex,
  keys,
  nextRootDocument,
  rootDocument,
  rootV2Document,
  sha256Hex,
  signRoot,
  token,
} from "../../support/vectors.js";
import { keysOf, type Vector } from "./vector.js";

/** Signed documents, and what enrolment exchanges. */
export function documentVectors(): readonly Vector[] {
  return [
    root(),
    nextRoot(),
    rootV2(),
    nextRootV2(),
    head(),
    approval(),
    enrolmentToken(),
    enrolmentRequest(),
    answer(),
    answerWithMode(),
    rekeyRequest(),
    leavingRequest(),
  ];
}

/** Where `urgent` stood, as a head says it. */
export const urgentHead = {
  type: "head",
  feed: "urgent",
  epoch: "e1",
  offset: 7,
  hash: "ab".repeat(32),
  time: NOW,
} as const;

export const signHead = (head: object): SignedText =>
  signText("head", head, [keys.head]);

function root(): Vector {
  const document = rootDocument();
  return {
    name: "root",
    reads: "root",
    direction: "cloud to agent",
    description:
      "A root of six keys, signed by both of its root keys. The hash is what an enrolment token pins.",
    keys: keysOf("rootA", "rootB", "contentA", "contentB", "head", "critical"),
    ...signed("root", signRoot(document)),
    decoded: document,
  };
}

function nextRoot(): Vector {
  const document = nextRootDocument();
  return {
    name: "root-2",
    reads: "next root",
    direction: "cloud to agent",
    description:
      "The root that follows the one of root.json: signed by both of its root keys, and by both of its own, of which one is the same.",
    keys: keysOf("rootA", "rootB", "rootC", "contentB", "head", "critical"),
    ...signed("root", signRoot(document, NEXT_SIGNERS)),
    decoded: document,
  };
}

function rootV2(): Vector {
  const roles = {
    ...rootV2Document().roles,
    janitor: { sweeps: "what a later version may want" },
  };
  const document = { ...rootV2Document(), roles, ext: { "x-motto": [1] } };
  return {
    name: "root-v2",
    reads: "root",
    direction: "cloud to agent",
    description:
      "A root of version 2 with a role log, a role that nobody knows, and an ext: readers pass over the last two.",
    keys: keysOf("rootA", "rootB", "log"),
    ...signed("root", signRoot(document), 2),
    decoded: document,
  };
}

function nextRootV2(): Vector {
  const document = { ...rootV2Document(), version: 2 };
  return {
    name: "root-v2-2",
    reads: "next root",
    direction: "cloud to agent",
    description:
      "The root of version 2 that follows the one of root.json: the same keys, and one for the log.",
    keys: keysOf("rootA", "rootB", "log"),
    ...signed("root", signRoot(document), 2),
    decoded: document,
  };
}

/** Two ranges in rings, and a limit that is raised. */
export const reputationApproval = {
  type: "approval",
  feed: "reputation",
  version: 1,
  issuedAt: NOW,
  expiresAt: NOW + 365 * 24 * HOUR_MS,
  rollouts: [
    {
      notBefore: {
        canary: NOW,
        early: NOW + HOUR_MS,
        broad: NOW + 2 * HOUR_MS,
        all: NOW + 4 * HOUR_MS,
      },
      ranges: ["198.16.0.0/15", "2a00::/29"],
    },
  ],
  limits: { share: 0.05 },
} as const;

export const signApproval = (approval: object): SignedText =>
  signText("approval", approval, [keys.critical]);

function approval(): Vector {
  return {
    name: "approval",
    reads: "approval",
    direction: "cloud to agent",
    description: "What the critical key of root.json allows reputation.",
    keys: keysOf("critical"),
    ...signed("approval", signApproval(reputationApproval)),
    decoded: reputationApproval,
  };
}

function head(): Vector {
  return {
    name: "head",
    reads: "head",
    direction: "cloud to agent",
    description: "Where urgent stands, at a date.",
    keys: keysOf("head"),
    ...signed("head", signHead(urgentHead)),
    decoded: urgentHead,
  };
}

function enrolmentToken(): Vector {
  const decoded = {
    url: "https://cloud.example/",
    secret: token(7),
    root: fingerprintOf(signRoot(rootDocument())),
  };
  return {
    name: "enrolment-token",
    reads: "enrolment token",
    direction: "cloud to agent",
    description: "What a customer pastes. It pins the root of root.json.",
    text: encodeToken(decoded),
    decoded,
  };
}

function enrolmentRequest(): Vector {
  const signedBytes = enrolmentProofBytes(token(7));
  const signature = keys.device.sign(signedBytes);
  const decoded = {
    secret: token(7),
    publicKey: Buffer.from(keys.device.publicKey).toString("base64url"),
    proof: Buffer.from(signature).toString("base64url"),
    hostname: "web-1.example",
    system: "Debian GNU/Linux 12",
    version: "0.1.0",
  };
  return {
    name: "enrolment-request",
    reads: "enrolment request",
    direction: "agent to cloud",
    description: "Body of POST /v1/enrol; the proof is made by the device key.",
    keys: keysOf("device"),
    text: JSON.stringify(decoded),
    signedBytes: hex(signedBytes),
    signatures: [{ key: keys.device.id, signature: hex(signature) }],
    decoded,
  };
}

function answer(): Vector {
  const decoded = {
    agent: "agt_1",
    org: "example",
    cloud: "cloud.example",
    root: signRoot(rootDocument()),
  };
  return {
    name: "enrolment-answer",
    reads: "enrolment answer",
    direction: "cloud to agent",
    description: "Answer to POST /v1/enrol, with the root of root.json.",
    text: JSON.stringify(decoded),
    decoded,
  };
}

function answerWithMode(): Vector {
  const decoded = { ...(answer().decoded as object), mode: "observe" };
  return {
    name: "enrolment-answer-mode",
    reads: "enrolment answer",
    direction: "cloud to agent",
    description:
      "The same where the token proposes that the host begins by observing.",
    text: JSON.stringify(decoded),
    decoded,
  };
}

function leavingRequest(): Vector {
  const leaving = {
    ...{ agent: "agt_1", cloud: "cloud.example" },
    time: 1_780_000_000_000,
  };
  const { signed, signature } = signAsDevice("leaving", leaving, keys.device);
  return {
    name: "leaving-request",
    reads: "leaving request",
    direction: "agent to cloud",
    description: "Body of POST /v1/leave: a host whose agent is removed.",
    keys: keysOf("device"),
    text: JSON.stringify({ signed, signature }),
    signedBytes: hex(textBytes("leaving", signed)),
    signatures: [
      {
        key: keys.device.id,
        signature: hex(Buffer.from(signature, "base64url")),
      },
    ],
    decoded: { signed: leaving, signature },
  };
}

function rekeyRequest(): Vector {
  const order = {
    agent: "agt_1",
    nonce: token(1),
    cloud: "cloud.example",
    publicKey: Buffer.from(keys.nextDevice.publicKey).toString("base64url"),
  };
  const { signed, signature } = signAsDevice("rekey", order, keys.device);
  const proof = signAsDevice("rekey", order, keys.nextDevice).signature;
  const signedBytes = textBytes("rekey", signed);
  return {
    name: "rekey-request",
    reads: "rekey request",
    direction: "agent to cloud",
    description:
      "Body of POST /v1/rekey; the signature is made by the old device key, the proof by the new one.",
    keys: keysOf("device", "nextDevice"),
    text: JSON.stringify({ signed, signature, proof }),
    signedBytes: hex(signedBytes),
    signatures: [
      { key: keys.device.id, of: signature },
      { key: keys.nextDevice.id, of: proof },
    ].map(({ key, of }) => ({
      key,
      signature: hex(Buffer.from(of, "base64url")),
    })),
    decoded: { signed: order, signature, proof },
  };
}

function signed(
  kind: "root" | "head" | "approval",
  document: SignedText,
  version: ProtocolVersion = 1,
) {
  const bytes = textBytes(kind, document.signed, version);
  return {
    text: JSON.stringify(document),
    signedBytes: hex(bytes),
    signatures: document.signatures.map(({ key, signature }) => ({
      key,
      signature: hex(Buffer.from(signature, "base64url")),
    })),
    hash: sha256Hex(bytes),
  };
}
