import { formatCidr } from "../../agent/model/cidr.js";
import type { Position } from "../../agent/model/position.js";
import { BundleReader, sourceOf } from "../../agent/protocol/bundle.js";
import {
  CarriedAnswer,
  CarriedReceipts,
  CarriedRequest,
} from "../../agent/protocol/carried.js";
import { sha256 } from "../../agent/protocol/sha256.js";
import {
  EnrolmentAnswer,
  EnrolmentRequest,
  decodeToken,
} from "../../agent/protocol/enrolment.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { Leaving, LeavingRequest } from "../../agent/protocol/leaving.js";
import { Rekey, RekeyRequest } from "../../agent/protocol/rekey.js";
import { Refused, type RefusalCode } from "../../agent/protocol/refusals.js";
import {
  openSegment,
  openSegments,
  readOps,
  type Segment,
} from "../../agent/protocol/segment.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { SignedText } from "../../agent/protocol/signed-text.js";
import { openSnapshot, readBans } from "../../agent/protocol/snapshot.js";
import { wire1, wire2, type Wire } from "../../agent/protocol/wire.js";
import { TreeHeadAnswer } from "../../agent/protocol/tree-head.js";
import { TrustedApproval } from "../../agent/trust/approval.js";
import { TrustedPolicy } from "../../agent/trust/policy.js";
import { parseProof, verifyProof } from "../../cloud/tree/proof.js";
import { TrustedRoot, fingerprintOf } from "../../agent/trust/root.js";
import {
  verifyBeat,
  verifyHead,
  verifySegment,
  verifySnapshot,
  verifyState,
  type Expectation,
} from "../../agent/trust/verify.js";
import { verifyTreeHead } from "../../agent/trust/tree-head.js";
import { rootV2Document, signRoot, unhex } from "../support/vectors.js";
import { signState } from "./vectors/messages-v2.js";
import { opInVector, type Fill, type Reader } from "./vectors/vector.js";

/** What a vector is read against. */
export interface Reading {
  readonly expect: Expectation;
  /** The fingerprint that a root must have. */
  readonly pin: string;
  readonly at: Position | undefined;
}

/** Reads a vector's bytes all the way, and says what it found in them as JSON. */
export function readVector(
  reads: Reader,
  bytes: Buffer,
  reading: Reading,
): unknown {
  const text = bytes.toString("utf8");
  if (isOneOf(MESSAGES, reads)) return readMessage(reads, text);
  if (isOneOf(BYTES, reads)) return readBytes(reads, bytes, reading);
  if (isOneOf(SIGNED, reads)) {
    return readSigned(reads, signedText(text), reading);
  }
  return isOneOf(LOG, reads) ? readLog(reads, text) : readPosted(reads, text);
}

const MESSAGES = [
  ...(["cloud message", "agent message"] as const),
  ...(["cloud message v2", "agent message v2"] as const),
];
const BYTES = [
  ...(["segment", "segments", "beat", "snapshot", "bundle"] as const),
];
const LOG = ["tree head", "log proof"] as const;
const SIGNED = [
  ...(["root", "next root", "head", "state", "approval", "policy"] as const),
];

const isOneOf = <R extends Reader>(
  readers: readonly R[],
  reads: Reader,
): reads is R => (readers as readonly Reader[]).includes(reads);

function readBytes(
  reads: (typeof BYTES)[number],
  bytes: Buffer,
  { expect, at }: Reading,
): unknown {
  switch (reads) {
    case "segment":
      return readSegment(openSegment(bytes), at, expect);
    case "segments":
      return [...openSegments(bytes)].map(({ segment }) =>
        readSegment(segment, at, expect),
      );
    case "beat":
      return { time: verifyBeat(bytes, signState(), expect.root) };
    case "snapshot":
      return readSnapshot(bytes, at, expect);
    case "bundle":
      return readBundle(bytes);
  }
}

function readMessage(reads: (typeof MESSAGES)[number], text: string): unknown {
  const wire = reads.endsWith("v2") ? wire2 : wire1;
  if (reads.startsWith("cloud")) return wire.fromCloud(text);
  return withDocument(text, wire);
}

/** By a root of version 2: no other has the role. */
function readLog(reads: (typeof LOG)[number], text: string): unknown {
  const signed = signRoot(rootV2Document());
  const trusted = TrustedRoot.open(signed, fingerprintOf(signed));
  if (reads === "log proof") {
    const { payload } = verifyProof(parseProof(text), trusted);
    return payload && (JSON.parse(payload) as unknown);
  }
  const { checkpoint } = parseJson(TreeHeadAnswer, text, reads);
  const { root, ...head } = verifyTreeHead(checkpoint, trusted);
  return { ...head, root: Buffer.from(root).toString("hex") };
}

/** The frame alone: what is in its parts has vectors of its own. */
function readBundle(bytes: Buffer): unknown {
  const reader = new BundleReader(sourceOf(bytes));
  const parts = [...reader.parts()].map(({ bytes: part, ...place }) => ({
    ...place,
    bytes: part.length,
    sha256: sha256(part).toString("hex"),
  }));
  return { header: reader.header, parts };
}

/** What travels over HTTP or is carried by hand, before and beside a connection. */
function readPosted(
  reads:
    | `enrolment ${"token" | "request" | "answer"}`
    | `carried ${"receipts" | "request" | "answer"}`
    | "rekey request"
    | "leaving request",
  text: string,
): unknown {
  switch (reads) {
    case "enrolment token":
      return decodeToken(text);
    case "enrolment request":
      return parseJson(EnrolmentRequest, text, reads);
    case "enrolment answer":
      return parseJson(EnrolmentAnswer, text, reads);
    case "carried receipts":
      return parseJson(CarriedReceipts, text, reads);
    case "carried request":
      return parseJson(CarriedRequest, text, reads);
    case "carried answer":
      return parseJson(CarriedAnswer, text, reads);
    case "leaving request": {
      const request = parseJson(LeavingRequest, text, reads);
      const { signed } = request;
      return { ...request, signed: parseJson(Leaving, signed, "leaving") };
    }
    case "rekey request": {
      const request = parseJson(RekeyRequest, text, reads);
      return { ...request, signed: parseJson(Rekey, request.signed, "rekey") };
    }
  }
}

function readSigned(
  reads: (typeof SIGNED)[number],
  text: SignedText,
  { expect: { root, feeds, now }, pin }: Reading,
): unknown {
  if (reads === "root") return TrustedRoot.open(text, pin).document;
  if (reads === "next root") return root.next(text).document;
  if (reads === "head") return verifyHead(text, root);
  if (reads === "state") return verifyState(text, root);
  if (reads === "policy") {
    const policy = TrustedPolicy.open(text, root, "example");
    policy.mustReplace(undefined, now);
    return policy.document;
  }
  const approval = TrustedApproval.open(text, root, feeds);
  approval.mustReplace(undefined, now);
  return approval.document;
}

/** The code that reading ends in, or null. Anything else than a refusal is a bug. */
export function refusalOf(read: () => unknown): RefusalCode | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    if (error instanceof Malformed) return "malformed";
    throw error;
  }
}

/** The bytes of a vector, whichever way it carries them. */
export function bytesOf(vector: {
  readonly hex?: string;
  readonly text?: string;
  readonly fill?: Fill;
}): Buffer {
  const bytes =
    vector.text === undefined
      ? unhex(vector.hex ?? "")
      : Buffer.from(vector.text);
  if (vector.fill === undefined) return bytes;
  const { at, byte, count } = vector.fill;
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.alloc(count, byte),
    bytes.subarray(at),
  ]);
}

function withDocument(text: string, wire: Wire): unknown {
  const message = wire.fromAgent(text);
  switch (message.type) {
    case "hello":
      return { ...message, signed: documentIn(message.signed, wire) };
    case "receipt":
      return { ...message, signed: wire.receipt(message.signed) };
    case "resume":
    case "refusal":
    case "impact-answer":
    case "impact-refusal":
    case "telemetry":
    case "answer":
      return message;
  }
}

/** Of version 1, without the capabilities that its reader adds. */
function documentIn(signed: string, wire: Wire): unknown {
  const { capabilities, ...hello } = wire.hello(signed);
  return wire.version === 1 ? hello : { ...hello, capabilities };
}

function readSegment(
  segment: Segment,
  at: Position | undefined,
  expect: Expectation,
): unknown {
  const verified = verifySegment(segment, at, expect);
  return { header: verified.header, ops: readOps(verified).map(opInVector) };
}

function readSnapshot(
  bytes: Buffer,
  at: Position | undefined,
  expect: Expectation,
): unknown {
  const dated = at && { ...at, issuedAt: 0 };
  const snapshot = verifySnapshot(openSnapshot(bytes), dated, expect);
  const bans = [...readBans(snapshot)].flat();
  return {
    header: snapshot.header,
    bans: bans.map(({ cidr, ...rest }) => ({
      range: formatCidr(cidr),
      ...rest,
    })),
  };
}

const signedText = (text: string) => parseJson(SignedText, text, "signed text");
