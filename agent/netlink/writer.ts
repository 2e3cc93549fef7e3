import { endianness } from "node:os";
import {
  ATTRIBUTE_BYTES,
  HEADER_BYTES,
  NLA_F_NESTED,
  NLM_F_ACK,
} from "./constants.js";

/** Netlink's headers are in the byte order of the host. */
const LITTLE = endianness() === "LE";

/** A length is a 16-bit number, so nothing longer fits into an attribute. */
export const LONGEST_ATTRIBUTE = 0xffff;

/** Enough for a batch of a few thousand elements; it grows where needed. */
const FIRST_BYTES = 256 * 1024;

/** What a message begins with. */
export interface Header {
  readonly type: number;
  readonly flags: number;
}

/**
 * Writes netlink messages one after the other into one buffer, which is used
 * again for the next request: a million elements leave no garbage behind.
 */
export class MessageWriter {
  #bytes = Buffer.alloc(FIRST_BYTES);
  #view = viewOf(this.#bytes);
  #at = 0;
  #message = 0;
  #sequence = 0;

  /** Forgets what was written; messages are numbered after `sequence`. */
  restart(sequence: number): void {
    this.#at = 0;
    this.#message = 0;
    this.#sequence = sequence;
  }

  /** What was written; good until the next `restart`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** The number of the last message. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Writes one message: its header, then whatever `fill` writes. */
  message({ type, flags }: Header, fill: () => void): void {
    const start = this.#reserve(HEADER_BYTES);
    this.#message = start;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#view.setUint16(start + 4, type, LITTLE);
    this.#view.setUint16(start + 6, flags, LITTLE);
    this.#view.setUint32(start + 8, this.#sequence, LITTLE);
    this.#view.setUint32(start + 12, 0, LITTLE); // the kernel knows who we are
    fill();
    this.#view.setUint32(start, this.#at - start, LITTLE);
  }

  /** Asks the kernel to acknowledge the last message. */
  acknowledge(): void {
    const flags = this.#view.getUint16(this.#message + 6, LITTLE);
    this.#view.setUint16(this.#message + 6, flags | NLM_F_ACK, LITTLE);
  }

  /** Writes bytes as they are: the fixed part that follows a header. */
  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    for (let i = 0; i < bytes.length; i++)
      this.#view.setUint8(at + i, bytes[i] ?? 0);
  }

  /** Writes an attribute that holds the attributes that `fill` writes. */
  nest(type: number, fill: () => void): void {
    const start = this.open(type);
    fill();
    this.close(start);
  }

  /** Opens an attribute that holds attributes, where a closure is too slow. */
  open(type: number): number {
    const start = this.#reserve(ATTRIBUTE_BYTES);
    this.#view.setUint16(start + 2, type | NLA_F_NESTED, LITTLE);
    return start;
  }

  /** Closes what `open` opened. */
  close(start: number): void {
    const length = this.#at - start;
    if (length > LONGEST_ATTRIBUTE) {
      throw new RangeError(`${length} bytes do not fit into an attribute`);
    }
    this.#view.setUint16(start, length, LITTLE);
  }

  /**
   * Writes what `fill` writes so many times over, and gives a view of it all, to
   * put in what differs; the view is good until the next write.
   */
  repeat(times: number, fill: () => void): DataView {
    const start = this.#at;
    fill();
    const length = this.#at - start;
    const rest = this.#reserve(length * (times - 1));
    this.#bytes.fill(this.#bytes.subarray(start, rest), rest, this.#at);
    const { buffer, byteOffset } = this.#bytes;
    return new DataView(buffer, byteOffset + start, length * times);
  }

  /** Writes an attribute of bytes. */
  data(type: number, bytes: Uint8Array): void {
    const at = this.#attribute(type, bytes.length);
    for (let i = 0; i < bytes.length; i++)
      this.#view.setUint8(at + i, bytes[i] ?? 0);
  }

  /** Writes a 32-bit attribute in network order, as netfilter wants them. */
  u32(type: number, value: number): void {
    this.#view.setUint32(this.#attribute(type, 4), value);
  }

  /** Writes a 64-bit attribute in network order. */
  u64(type: number, value: number): void {
    const at = this.#attribute(type, 8);
    this.#view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 4, value >>> 0);
  }

  /** Writes a text attribute with the zero that ends it. */
  text(type: number, value: string): void {
    const length = Buffer.byteLength(value);
    const at = this.#attribute(type, length + 1);
    this.#bytes.write(value, at);
  }

  #attribute(type: number, length: number): number {
    const start = this.#reserve(ATTRIBUTE_BYTES + length);
    this.#view.setUint16(start, ATTRIBUTE_BYTES + length, LITTLE);
    this.#view.setUint16(start + 2, type, LITTLE);
    return start + ATTRIBUTE_BYTES;
  }

  /** Makes room, padded to four bytes; the padding must be zero. */
  #reserve(length: number): number {
    const start = this.#at;
    const padded = (length + 3) & ~3;
    if (start + padded > this.#bytes.length) this.#grow(start + padded);
    if (padded > 0) this.#view.setUint32(start + padded - 4, 0);
    this.#at = start + padded;
    return start;
  }

  #grow(needed: number): void {
    const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
