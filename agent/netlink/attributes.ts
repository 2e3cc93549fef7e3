import { endianness } from "node:os";
import { ATTRIBUTE_BYTES, NLA_F_NESTED, NLA_TYPE_MASK } from "./constants.js";
import { MalformedNetlink } from "./error.js";

const LITTLE = endianness() === "LE";

/** One attribute: its type without flags, and a view of its bytes. */
export interface Attribute {
  readonly type: number;
  /** Whether it says that it holds attributes; the kernel's own often do not. */
  readonly nested: boolean;
  readonly bytes: Buffer;
}

/**
 * Walks over attributes.
 * @throws MalformedNetlink when a length does not fit
 */
export function* attributesIn(bytes: Buffer): Generator<Attribute, void> {
  let at = 0;
  while (at + ATTRIBUTE_BYTES <= bytes.length) {
    const length = hostU16(bytes, at);
    if (length < ATTRIBUTE_BYTES || at + length > bytes.length) {
      throw new MalformedNetlink(`an attribute of ${length} bytes at ${at}`);
    }
    yield {
      type: hostU16(bytes, at + 2) & NLA_TYPE_MASK,
      nested: (hostU16(bytes, at + 2) & NLA_F_NESTED) !== 0,
      bytes: bytes.subarray(at + ATTRIBUTE_BYTES, at + length),
    };
    at += (length + 3) & ~3;
  }
}

/** The first attribute of a type, or undefined. */
export function find(bytes: Buffer, type: number): Buffer | undefined {
  for (const attribute of attributesIn(bytes)) {
    if (attribute.type === type) return attribute.bytes;
  }
  return undefined;
}

/** Follows types downward through nested attributes. */
export function dig(bytes: Buffer, ...path: number[]): Buffer | undefined {
  let found: Buffer | undefined = bytes;
  for (const type of path) found = found && find(found, type);
  return found;
}

/** Text up to the zero that ends it. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** A 16-bit number in host order. */
export function hostU16(bytes: Buffer, at: number): number {
  need(bytes, at + 2);
  return LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

/** A 32-bit number in host order. */
export function hostU32(bytes: Buffer, at: number): number {
  need(bytes, at + 4);
  return LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

/** A 64-bit number in network order; past 2^53 the last digits are lost. */
export function netU64(bytes: Buffer): number {
  need(bytes, 8);
  return bytes.readUInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4);
}

/** A 32-bit number as bytes in host order. */
export function hostBytes(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

/** Bytes from `start` on: what follows a fixed part. */
export function after(bytes: Buffer, start: number): Buffer {
  need(bytes, start);
  return bytes.subarray(start);
}

function need(bytes: Buffer, length: number): void {
  if (bytes.length < length) {
    throw new MalformedNetlink(`${bytes.length} bytes where ${length} are due`);
  }
}
