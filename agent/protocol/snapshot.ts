import * as v from "valibot";
import type { Ban } from "../model/ban.js";
import { width, type Family } from "../model/cidr.js";
import { audienceOf, hashToHex, type Position } from "../model/position.js";
import type { RingTimes } from "../model/rings.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import {
  Body,
  openBody,
  openContainer,
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
import { readRingTimes, writeRingTimes } from "./ring-times.js";
import { canonical } from "./segment.js";
import { Count, Epoch, Feed, Sha256, Time } from "./shapes.js";
import type { ProtocolVersion } from "./signed-text.js";

const fields = {
  feed: Feed,
  audience: v.string(),
  epoch: Epoch,
  offset: Count,
  /** Hash of the segment that ended at `offset`. */
  hash: Sha256,
  bans: v.pipe(Count, v.maxValue(limits.snapshotBans)),
  issuedAt: Time,
  notAfter: Time,
  body: Body,
};

/** A feed's whole state at a position, signed. */
export const SnapshotHeader = v.strictObject(fields);
/** Of version 2, whose bans may have ring times. */
export const SnapshotHeaderV2 = v.strictObject({ ...fields, ...extended });
export type SnapshotHeader = v.InferOutput<typeof SnapshotHeaderV2>;
export type Snapshot = Container<SnapshotHeader>;

export const SNAPSHOT: Kind = {
  name: "snapshot",
  magic: { 1: "TQN1", 2: "TQN2" },
  maxBytes: limits.snapshotBytes,
  maxRawBytes: limits.snapshotRawBytes,
};

const HEADERS = { 1: SnapshotHeader, 2: SnapshotHeaderV2 };

/** Splits a snapshot into its parts; the bans stay closed until `readBans`. */
export function openSnapshot(bytes: Uint8Array): Snapshot {
  return openContainer(SNAPSHOT, HEADERS, bytes);
}

/**
 * The bans of a snapshot whose signature is good, in slices: a million of them
 * at once would make a large process.
 * @throws Malformed when the body is not what the header says
 */
export function* readBans(
  snapshot: Snapshot,
  sliceSize = 2_000,
): Generator<readonly Ban[]> {
  const reader = new ByteReader(openBody(SNAPSHOT, snapshot), "snapshot body");
  const { header, version } = snapshot;
  const base = Math.floor(header.issuedAt / 1000);
  const terms = { base, reasons: readReasons(reader), version };
  let slice: Ban[] = [];
  let left = header.bans;
  while (reader.left > 0) {
    for (const ban of readGroup(reader, terms)) {
      if (left-- === 0) throw reader.fail("holds more bans than it declares");
      if (slice.push(ban) < sliceSize) continue;
      yield slice;
      slice = [];
    }
  }
  if (left > 0) throw reader.fail(`holds ${left} bans fewer than it declares`);
  if (slice.length > 0) yield slice;
}

/** What the cloud says of a snapshot. */
export interface SnapshotDraft {
  readonly position: Position;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly groups: Iterable<Group>;
}

/** Bans that are alike, in ascending order of address. */
export interface Group {
  readonly family: Family;
  readonly prefix: number;
  readonly observed: boolean;
  /** Each of them has ring times, or none has. */
  readonly ringed?: boolean;
  readonly bans: Iterable<Omit<Ban, "observed">>;
}

/**
 * Writes and signs a snapshot; it is of version 2 only where hosts still wait for
 * a ring time of one of its bans.
 * @throws RangeError when there are more bans than any reader takes in
 */
export function sealSnapshot(
  draft: SnapshotDraft,
  sign: Sign,
): { readonly bytes: Buffer; readonly bans: number } {
  const { position, issuedAt, notAfter } = draft;
  const base = Math.floor(issuedAt / 1000);
  const { raw, bans, version } = writeGroups(draft.groups, base);
  if (bans > limits.snapshotBans) {
    throw new RangeError(`${bans} bans are too many for one snapshot`);
  }
  const fields = {
    feed: position.feed,
    audience: audienceOf(position.feed),
    epoch: position.epoch,
    offset: position.offset,
    hash: hashToHex(position.hash),
    bans,
    issuedAt,
    notAfter,
  };
  const kind = { ...SNAPSHOT, version };
  return { bytes: sealContainer(kind, fields, raw, sign).bytes, bans };
}

const IPV6 = 0x40;
const OBSERVED = 0x20;
/** In version 2. */
const RINGED = 0x10;

interface Terms {
  /** Unix seconds. */
  readonly base: number;
  readonly reasons: readonly string[];
  readonly version: ProtocolVersion;
}

/**
 * A group is columns, each behind its length, because like beside like deflates
 * best: addresses, expiries, reasons, and ring times where its bans have any.
 */
function* readGroup(
  reader: ByteReader,
  { base, reasons, version }: Terms,
): Generator<Ban> {
  const tag = reader.byte();
  const known = IPV6 | OBSERVED | (version === 2 ? RINGED : 0);
  if ((tag & ~known) !== 0) throw reader.fail(`has group tag ${tag}`);
  const family = tag & IPV6 ? 6 : 4;
  const observed = (tag & OBSERVED) !== 0;
  const prefix = reader.byte();
  if (prefix > width(family) * 8) throw reader.fail(`has prefix ${prefix}`);
  const count = reader.varint();
  const [addresses, expiries, reasonNumbers] = [
    column(reader),
    column(reader),
    column(reader),
  ];
  const times = tag & RINGED ? column(reader) : undefined;
  let address: Uint8Array = new Uint8Array(width(family));
  for (let i = 0; i < count; i++) {
    address = nextAddress(addresses, address, prefix, i === 0);
    yield {
      cidr: canonical(addresses, address, prefix),
      expiresAt: readExpiry(expiries, base),
      reason: reasonAt(reasons, reasonNumbers),
      observed,
      ...(times && { rings: readRingTimes(times, base) }),
    };
  }
  for (const each of [addresses, expiries, reasonNumbers]) each.end();
  times?.end();
}

function column(reader: ByteReader): ByteReader {
  return new ByteReader(reader.take(reader.varint()), reader.what);
}

/** How many leading bytes are those of the address before, then the others. */
function nextAddress(
  reader: ByteReader,
  before: Uint8Array,
  prefix: number,
  first: boolean,
): Uint8Array {
  const significant = Math.ceil(prefix / 8);
  const shared = significant === 0 ? 0 : reader.byte();
  if (shared > significant) throw reader.fail(`shares ${shared} bytes`);
  const address = before.slice();
  address.set(reader.take(significant - shared), shared);
  if (!first && Buffer.compare(address, before) <= 0) {
    throw new Malformed(reader.what, "addresses do not ascend");
  }
  return address;
}

function writeGroups(
  groups: Iterable<Group>,
  base: number,
): { raw: Uint8Array; bans: number; version: ProtocolVersion } {
  const reasons = new ReasonTable();
  const writer = new ByteWriter(1 << 16);
  let bans = 0;
  let version: ProtocolVersion = 1;
  for (const group of groups) {
    const count = writeGroup(writer, group, base, reasons);
    if (count > 0 && group.ringed) version = 2;
    bans += count;
  }
  const head = new ByteWriter(writer.length + 1024);
  reasons.writeTo(head);
  return { raw: head.raw(writer.bytes()).bytes(), bans, version };
}

function writeGroup(
  writer: ByteWriter,
  { ringed = false, bans, ...group }: Group,
  base: number,
  reasons: ReasonTable,
): number {
  const addresses = new ByteWriter(1 << 12);
  const expiries = new ByteWriter(1 << 12);
  const reasonNumbers = new ByteWriter(1 << 12);
  const times = new ByteWriter(ringed ? 1 << 12 : 0);
  const significant = Math.ceil(group.prefix / 8);
  let before: Uint8Array = new Uint8Array(width(group.family));
  let count = 0;
  for (const { cidr, expiresAt, reason, rings } of bans) {
    const shared = sharedBytes(before, cidr.address, significant);
    if (significant > 0) addresses.byte(shared);
    addresses.raw(cidr.address.subarray(shared, significant));
    writeExpiry(expiries, expiresAt, base);
    reasonNumbers.varint(reasons.numberOf(reason));
    if (ringed) writeRingTimes(times, rings ?? AT_ONCE, base);
    before = cidr.address;
    count++;
  }
  if (count === 0) return 0;
  writer
    .byte(tagOf({ ...group, ringed }))
    .byte(group.prefix)
    .varint(count);
  const columns = [addresses, expiries, reasonNumbers];
  for (const each of ringed ? [...columns, times] : columns) {
    writer.varint(each.length).raw(each.bytes());
  }
  return count;
}

const tagOf = (group: Pick<Group, "family" | "observed" | "ringed">): number =>
  (group.family === 6 ? IPV6 : 0) |
  (group.observed ? OBSERVED : 0) |
  (group.ringed ? RINGED : 0);

const AT_ONCE: RingTimes = { canary: 0, early: 0, broad: 0, all: 0 };

function sharedBytes(a: Uint8Array, b: Uint8Array, most: number): number {
  let shared = 0;
  while (shared < most && a[shared] === b[shared]) shared++;
  return shared;
}
