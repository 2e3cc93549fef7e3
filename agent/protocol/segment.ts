import * as v from "valibot";
import type { BanOp, Op } from "../model/ban.js";
import { cidrOf, width, type Cidr, type Family } from "../model/cidr.js";
import { audienceOf, hashToHex, type FeedName } from "../model/position.js";
import type { RingTimes } from "../model/rings.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import {
  Body,
  openBody,
  openContainer,
  readContainer,
  sealContainer,
  type Container,
  type Kind,
  type Sign,
} from "./container.js";
import { readExpiry, writeExpiry } from "./expiry.js";
import { extended } from "./ext.js";
import { limits } from "./limits.js";
import { Malformed } from "./malformed.js";
import { ReasonTable, readReasons, reasonAt } from "./reason-table.js";
import { isWaitedFor, readRingTimes, writeRingTimes } from "./ring-times.js";
import { Count, Epoch, Feed, Sha256, Time } from "./shapes.js";
import type { ProtocolVersion } from "./signed-text.js";

const fields = {
  feed: Feed,
  audience: v.string(),
  epoch: Epoch,
  first: Count,
  last: Count,
  /** Hash of the segment before, so that none can be left out or slipped in. */
  previous: Sha256,
  issuedAt: Time,
  /** No agent takes the segment in after this. */
  notAfter: Time,
  body: Body,
};

/** A signed batch of a feed: the ops `first` to `last`, both included. */
export const SegmentHeader = v.strictObject(fields);
/** Of version 2, whose ops may have ring times. */
export const SegmentHeaderV2 = v.strictObject({ ...fields, ...extended });
export type SegmentHeader = v.InferOutput<typeof SegmentHeaderV2>;
export type Segment = Container<SegmentHeader>;

export const SEGMENT: Kind = {
  name: "segment",
  magic: { 1: "TQS1", 2: "TQS2" },
  maxBytes: limits.segmentBytes,
  maxRawBytes: limits.segmentRawBytes,
};

const HEADERS = { 1: SegmentHeader, 2: SegmentHeaderV2 };

/** Splits a segment into its parts; the ops stay closed until `readOps`. */
export function openSegment(bytes: Uint8Array): Segment {
  return checked(openContainer(SEGMENT, HEADERS, bytes));
}

/** Segments that stand one behind the other, as HTTP serves them. */
export function* openSegments(bytes: Uint8Array): Generator<{
  readonly segment: Segment;
  readonly bytes: Uint8Array;
}> {
  const reader = new ByteReader(bytes, SEGMENT.name);
  while (reader.left > 0) {
    const start = bytes.length - reader.left;
    const segment = checked(readContainer(SEGMENT, HEADERS, reader));
    yield { segment, bytes: bytes.subarray(start, bytes.length - reader.left) };
  }
}

/**
 * The ops of a segment whose signature is good.
 * @throws Malformed when the body is not what the header says
 */
export function readOps(segment: Segment): readonly Op[] {
  const reader = new ByteReader(openBody(SEGMENT, segment), "segment body");
  const { header, version } = segment;
  const base = Math.floor(header.issuedAt / 1000);
  const reasons = readReasons(reader);
  const ops: Op[] = [];
  const count = header.last - header.first + 1;
  const terms = { base, reasons, version };
  for (let i = 0; i < count; i++) ops.push(readOp(reader, terms));
  reader.end();
  return ops;
}

/** What the cloud decides about a segment; the rest follows from the ops. */
export interface SegmentDraft {
  readonly feed: FeedName;
  readonly epoch: string;
  readonly first: number;
  readonly previous: Uint8Array;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly ops: readonly Op[];
}

/**
 * Writes and signs a segment: its bytes, and the hash that the next names. It is
 * of version 2 only where an op has ring times that some host still waits for.
 */
export function sealSegment(
  draft: SegmentDraft,
  sign: Sign,
): { readonly bytes: Buffer; readonly hash: Buffer } {
  const { ops, previous, ...fields } = draft;
  if (ops.length === 0 || ops.length > limits.segmentOps) {
    throw new RangeError(`a segment of ${ops.length} ops`);
  }
  const base = Math.floor(draft.issuedAt / 1000);
  const version = ops.some((op) => isRinged(op, base)) ? 2 : 1;
  return sealContainer(
    { ...SEGMENT, version },
    {
      feed: fields.feed,
      audience: audienceOf(fields.feed),
      epoch: fields.epoch,
      first: fields.first,
      last: fields.first + ops.length - 1,
      previous: hashToHex(previous),
      issuedAt: fields.issuedAt,
      notAfter: fields.notAfter,
    },
    writeOps(ops, base),
    sign,
  );
}

const LIFT = 0x80;
const IPV6 = 0x40;
/** Of a ban only, as the next is. */
const OBSERVED = 0x20;
/** In version 2. */
const RINGED = 0x10;

function checked(segment: Segment): Segment {
  const { first, last } = segment.header;
  const count = last - first + 1;
  if (first < 1 || count < 1 || count > limits.segmentOps) {
    throw new Malformed("segment header", `spans ops ${first} to ${last}`);
  }
  return segment;
}

function writeOps(ops: readonly Op[], base: number): Uint8Array {
  const reasons = new ReasonTable();
  const writer = new ByteWriter(ops.length * 12);
  for (const op of ops) {
    writeRange(writer, op.cidr, flagsOf(op, base));
    if (op.op === "lift") continue;
    writeExpiry(writer, op.expiresAt, base);
    if (isRinged(op, base)) writeRingTimes(writer, op.rings, base);
    writer.varint(reasons.numberOf(op.reason));
  }
  const head = new ByteWriter();
  reasons.writeTo(head);
  return head.raw(writer.bytes()).bytes();
}

function flagsOf(op: Op, base: number): number {
  if (op.op === "lift") return LIFT;
  return (op.observed ? OBSERVED : 0) | (isRinged(op, base) ? RINGED : 0);
}

/** What all hosts may enforce by the segment's date has no ring times any more. */
const isRinged = (
  op: Op,
  base: number,
): op is BanOp & { readonly rings: RingTimes } =>
  op.op === "ban" && isWaitedFor(op.rings, base);

function writeRange(writer: ByteWriter, cidr: Cidr, flags: number): void {
  writer
    .byte(flags | (cidr.family === 6 ? IPV6 : 0))
    .byte(cidr.prefix)
    .raw(cidr.address.subarray(0, Math.ceil(cidr.prefix / 8)));
}

interface Terms {
  /** Unix seconds. */
  readonly base: number;
  readonly reasons: readonly string[];
  readonly version: ProtocolVersion;
}

function readOp(reader: ByteReader, { base, reasons, version }: Terms): Op {
  const tag = reader.byte();
  const ofBan = IPV6 | OBSERVED | (version === 2 ? RINGED : 0);
  const known = tag & LIFT ? LIFT | IPV6 : ofBan;
  if ((tag & ~known) !== 0) throw reader.fail(`has op tag ${tag}`);
  const cidr = readRange(reader, tag & IPV6 ? 6 : 4);
  if (tag & LIFT) return { op: "lift", cidr };
  const expiresAt = readExpiry(reader, base);
  const rings = tag & RINGED ? { rings: readRingTimes(reader, base) } : {};
  const reason = reasonAt(reasons, reader);
  const observed = (tag & OBSERVED) !== 0;
  return { op: "ban", cidr, expiresAt, reason, observed, ...rings };
}

/** Only the bytes that the prefix covers are carried; the rest are zeros. */
function readRange(reader: ByteReader, family: Family): Cidr {
  const prefix = reader.byte();
  if (prefix > width(family) * 8) throw reader.fail(`has prefix ${prefix}`);
  const address = new Uint8Array(width(family));
  address.set(reader.take(Math.ceil(prefix / 8)));
  return canonical(reader, address, prefix);
}

/** The range, or `Malformed` where host bits are set. */
export function canonical(
  reader: ByteReader,
  address: Uint8Array,
  prefix: number,
): Cidr {
  try {
    return cidrOf(address, prefix);
  } catch (cause) {
    throw new Malformed(reader.what, (cause as Error).message, { cause });
  }
}
