import * as v from "valibot";
import type { Ban } from "../model/ban.js";
import { width, type Family } from "../model/cidr.js";
import { audienceOf, hashToHex, type Position } from "../model/position.js";
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
import { limits } from "./limits.js";
import { Malformed } from "./malformed.js";
import { ReasonTable, readReasons, reasonAt } from "./reason-table.js";
import { canonical } from "./segment.js";
import { Count, Epoch, Feed, Sha256, Time } from "./shapes.js";

/** A feed's whole state at a position, signed. */
export const SnapshotHeader = v.strictObject({
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
});
export type SnapshotHeader = v.InferOutput<typeof SnapshotHeader>;
export type Snapshot = Container<SnapshotHeader>;

export const SNAPSHOT: Kind = {
  name: "snapshot",
  magic: "TQN1",
  maxBytes: limits.snapshotBytes,
  maxRawBytes: limits.snapshotRawBytes,
};

/** Splits a snapshot into its parts; the bans stay closed until `readBans`. */
export function openSnapshot(bytes: Uint8Array): Snapshot {
  return openContainer(SNAPSHOT, SnapshotHeader, bytes);
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
  const base = Math.floor(snapshot.header.issuedAt / 1000);
  const reasons = readReasons(reader);
  let slice: Ban[] = [];
  let left = snapshot.header.bans;
  while (reader.left > 0) {
    for (const ban of readGroup(reader, base, reasons)) {
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
  readonly bans: Iterable<Omit<Ban, "observed">>;
}

/**
 * Writes and signs a snapshot.
 * @throws RangeError when there are more bans than any reader takes in
 */
export function sealSnapshot(
  draft: SnapshotDraft,
  sign: Sign,
): { readonly bytes: Buffer; readonly bans: number } {
  const { position, issuedAt, notAfter } = draft;
  const { raw, bans } = writeGroups(draft.groups, Math.floor(issuedAt / 1000));
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
  return { bytes: sealContainer(SNAPSHOT, fields, raw, sign).bytes, bans };
}

const IPV6 = 0x40;
const OBSERVED = 0x20;

/**
 * A group is three columns, each behind its length, because like beside like
 * deflates best: addresses, expiries, reasons.
 */
function* readGroup(
  reader: ByteReader,
  base: number,
  reasons: readonly string[],
): Generator<Ban> {
  const tag = reader.byte();
  const known = IPV6 | OBSERVED;
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
  let address: Uint8Array = new Uint8Array(width(family));
  for (let i = 0; i < count; i++) {
    address = nextAddress(addresses, address, prefix, i === 0);
    yield {
      cidr: canonical(addresses, address, prefix),
      expiresAt: readExpiry(expiries, base),
      reason: reasonAt(reasons, reasonNumbers),
      observed,
    };
  }
  for (const each of [addresses, expiries, reasonNumbers]) each.end();
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
): { raw: Uint8Array; bans: number } {
  const reasons = new ReasonTable();
  const writer = new ByteWriter(1 << 16);
  let bans = 0;
  for (const group of groups) bans += writeGroup(writer, group, base, reasons);
  const head = new ByteWriter(writer.length + 1024);
  reasons.writeTo(head);
  return { raw: head.raw(writer.bytes()).bytes(), bans };
}

function writeGroup(
  writer: ByteWriter,
  { family, prefix, observed, bans }: Group,
  base: number,
  reasons: ReasonTable,
): number {
  const addresses = new ByteWriter(1 << 12);
  const expiries = new ByteWriter(1 << 12);
  const reasonNumbers = new ByteWriter(1 << 12);
  const significant = Math.ceil(prefix / 8);
  let before: Uint8Array = new Uint8Array(width(family));
  let count = 0;
  for (const { cidr, expiresAt, reason } of bans) {
    const shared = sharedBytes(before, cidr.address, significant);
    if (significant > 0) addresses.byte(shared);
    addresses.raw(cidr.address.subarray(shared, significant));
    writeExpiry(expiries, expiresAt, base);
    reasonNumbers.varint(reasons.numberOf(reason));
    before = cidr.address;
    count++;
  }
  if (count === 0) return 0;
  const tag = (family === 6 ? IPV6 : 0) | (observed ? OBSERVED : 0);
  writer.byte(tag).byte(prefix).varint(count);
  for (const each of [addresses, expiries, reasonNumbers]) {
    writer.varint(each.length).raw(each.bytes());
  }
  return count;
}

function sharedBytes(a: Uint8Array, b: Uint8Array, most: number): number {
  let shared = 0;
  while (shared < most && a[shared] === b[shared]) shared++;
  return shared;
}
