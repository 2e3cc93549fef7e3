import { formatCidr } from "../../agent/model/cidr.js";
import type { Position } from "../../agent/model/position.js";
import { Hello, Receipt } from "../../agent/protocol/documents.js";
import {
  EnrolmentAnswer,
  EnrolmentRequest,
  decodeToken,
} from "../../agent/protocol/enrolment.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import {
  decodeAgentMessage,
  decodeCloudMessage,
} from "../../agent/protocol/messages.js";
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
import { TrustedApproval } from "../../agent/trust/approval.js";
import { TrustedRoot } from "../../agent/trust/root.js";
import {
  verifyHead,
  verifySegment,
  verifySnapshot,
  type Expectation,
} from "../../agent/trust/verify.js";
import { unhex } from "../support/vectors.js";
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
  { expect, pin, at }: Reading,
): unknown {
  const text = bytes.toString("utf8");
  switch (reads) {
    case "cloud message":
      return decodeCloudMessage(text);
    case "agent message":
      return withDocument(text);
    case "segment":
      return readSegment(openSegment(bytes), at, expect);
    case "segments":
      return [...openSegments(bytes)].map(({ segment }) =>
        readSegment(segment, at, expect),
      );
    case "snapshot":
      return readSnapshot(bytes, at, expect);
    case "enrolment token":
      return decodeToken(text);
    case "enrolment request":
      return parseJson(EnrolmentRequest, text, "enrolment request");
    case "enrolment answer":
      return parseJson(EnrolmentAnswer, text, "enrolment answer");
    default:
      return readSigned(reads, signedText(text), { expect, pin, at });
  }
}

function readSigned(
  reads: "root" | "next root" | "head" | "approval",
  text: SignedText,
  { expect: { root, feeds, now }, pin }: Reading,
): unknown {
  if (reads === "root") return TrustedRoot.open(text, pin).document;
  if (reads === "next root") return root.next(text).document;
  if (reads === "head") return verifyHead(text, root);
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

function withDocument(text: string): unknown {
  const message = decodeAgentMessage(text);
  switch (message.type) {
    case "hello":
      return { ...message, signed: parseJson(Hello, message.signed, "hello") };
    case "receipt":
      return {
        ...message,
        signed: parseJson(Receipt, message.signed, "receipt"),
      };
    case "resume":
    case "refusal":
    case "impact-answer":
    case "impact-refusal":
    case "telemetry":
      return message;
  }
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
