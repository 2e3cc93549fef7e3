import { createHash, type Hash } from "node:crypto";
import * as v from "valibot";
import { ByteReader, decodeUtf8 } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { limits } from "./limits.js";
import { Malformed } from "./malformed.js";
import { Id, Time, parseJson, shortText } from "./shapes.js";
import { SignedText } from "./signed-text.js";

/**
 * A bundle carries by hand what a cloud says: one file for hosts without a network.
 *
 *     magic 4 | header length 2 | header | (kind 1 | length 4 | bytes)* | end
 *
 * Each part is what travels on the wire, signed by itself. The file around them is
 * signed by nobody and proves nothing; its end tells a whole file from a cut one.
 */
export const BundleHeader = v.strictObject({
  /** The name that the cloud gives itself in its challenges. */
  cloud: shortText(128),
  /** Whose hosts it is for. */
  org: Id,
  /** The host that it is for, where it goes on from where that one stood. */
  agent: v.exactOptional(Id),
  /** Milliseconds since 1970. */
  madeAt: Time,
});
export type BundleHeader = v.InferOutput<typeof BundleHeader>;

/** In the order in which they stand; those of one feed stand together. */
export const partKinds = [
  "root",
  "approval",
  "snapshot",
  "segment",
  "head",
] as const;
export type PartKind = (typeof partKinds)[number];

export interface BundlePart {
  /** From 1, as people count. */
  readonly number: number;
  readonly kind: PartKind;
  /** Where its bytes begin in the bundle. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes that can be read anywhere, such as a file's. */
export interface ByteSource {
  /** How many there are. */
  readonly size: number;
  /** At most `length` bytes: fewer where there are no more. */
  read(at: number, length: number): Uint8Array;
}

/** What is in memory, as a source. */
export const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (at, length) => bytes.subarray(at, at + length),
});

/**
 * Reads a bundle's frame: lengths before anything is allocated, one part in memory
 * at a time. Judges no signature and opens no part.
 */
export class BundleReader {
  readonly header: BundleHeader;
  readonly #source: ByteSource;
  readonly #hash = createHash("sha256");
  #at = 0;

  /** @throws Malformed when it does not begin as a bundle does */
  constructor(source: ByteSource) {
    this.#source = source;
    if (source.size > limits.bundleBytes) {
      throw fail(`has ${source.size} bytes, more than ${limits.bundleBytes}`);
    }
    const magic = Buffer.from(this.#take(4, "the magic"));
    if (magic.toString("latin1") !== MAGIC) {
      throw fail(`begins with ${magic.toString("hex")}, which no bundle does`);
    }
    const length = new ByteReader(this.#take(2, "the header"), "bundle").u16();
    if (length > limits.headerBytes) {
      throw fail(`declares a header of ${length} bytes`);
    }
    const text = decodeUtf8(this.#take(length, "the header"), "bundle header");
    this.header = parseJson(BundleHeader, text, "bundle header");
  }

  /**
   * All parts in their order; done only once the end was read and nothing follows.
   * @throws Malformed with the number of the part
   */
  *parts(): Generator<BundlePart> {
    const counts = new Map<PartKind, number>();
    let before: PartKind = "root";
    for (let number = 1; ; number++) {
      const named = `part ${number}`;
      const digest = this.#hash.copy();
      const frame = new ByteReader(this.#take(5, named), "bundle");
      const code = frame.byte();
      const length = frame.u32();
      if (code === END) {
        this.#end(number - 1, length, digest);
        return;
      }
      const kind = partKinds[code - 1];
      if (kind === undefined) throw fail(`${named} is of kind ${code}`);
      if (number > limits.bundleParts) {
        throw fail(`has more than ${limits.bundleParts} parts`);
      }
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      mustFit(kind, { named, length, count });
      if (!mayFollow(before, kind)) {
        throw fail(`${named}, a ${kind}, stands behind a ${before}`);
      }
      before = kind;
      const at = this.#at;
      const bytes = this.#take(length, `${named}, a ${kind}`);
      yield { number, kind, at, bytes };
    }
  }

  #end(parts: number, length: number, digest: Hash): void {
    if (length !== END_BYTES) throw fail(`has an end of ${length} bytes`);
    const end = new ByteReader(this.#take(length, "the end"), "bundle");
    const declared = end.u32();
    if (declared !== parts) {
      throw fail(`ends after ${parts} parts where ${declared} are declared`);
    }
    if (Buffer.compare(end.take(32), digest.digest()) !== 0) {
      throw fail("is not as it was written: its bytes have another hash");
    }
    const more = this.#source.size - this.#at;
    if (more > 0) throw fail(`goes on for ${more} bytes behind its end`);
  }

  /** What is not there is known before anything is allocated for it. */
  #take(length: number, what: string): Uint8Array {
    const left = this.#source.size - this.#at;
    if (length > left) {
      throw fail(`is cut off in ${what}: ${length - left} bytes are missing`);
    }
    const bytes = this.#source.read(this.#at, length);
    if (bytes.length < length) throw fail(`is cut off in ${what}`);
    this.#at += length;
    this.#hash.update(bytes);
    return bytes;
  }
}

/** Writes a bundle piece by piece, so that nobody has to hold all of it. */
export class BundleWriter {
  readonly #hash = createHash("sha256");
  #parts = 0;
  #bytes = 0;

  /** What stands at the beginning. */
  begin(header: BundleHeader): Buffer {
    const text = Buffer.from(JSON.stringify(header));
    const frame = new ByteWriter().raw(Buffer.from(MAGIC, "latin1"));
    return this.#out(frame.u16(text.length).raw(text).bytes());
  }

  /** What stands before a part; its bytes follow, through `raw`. */
  frame(kind: PartKind, length: number): Buffer {
    this.#parts += 1;
    if (this.#parts > limits.bundleParts) {
      throw new RangeError(`a bundle of more than ${limits.bundleParts} parts`);
    }
    const code = partKinds.indexOf(kind) + 1;
    return this.#out(new ByteWriter().byte(code).u32(length).bytes());
  }

  /** Bytes of the part that was begun. */
  raw(bytes: Uint8Array): Uint8Array {
    return this.#out(bytes);
  }

  /** A whole part. */
  part(kind: PartKind, bytes: Uint8Array): Buffer {
    return Buffer.concat([this.frame(kind, bytes.length), this.raw(bytes)]);
  }

  /** A document, as its text travels. */
  text(kind: PartKind, text: SignedText): Buffer {
    return this.part(kind, Buffer.from(JSON.stringify(text)));
  }

  /** What stands at the end. */
  end(): Buffer {
    const digest = this.#hash.digest();
    const end = new ByteWriter().byte(END).u32(END_BYTES);
    return end.u32(this.#parts).raw(digest).bytes();
  }

  #out<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
    this.#bytes += bytes.length;
    if (this.#bytes > limits.bundleBytes - END_BYTES - 5) {
      throw new RangeError(`a bundle of more than ${limits.bundleBytes} bytes`);
    }
    this.#hash.update(bytes);
    return bytes;
  }
}

/** The document that a part carries. */
export function textOf({ kind, bytes }: BundlePart): SignedText {
  return parseJson(SignedText, decodeUtf8(bytes, kind), kind);
}

const MAGIC = "TQB1";

/** The kind of what ends a bundle: the number of parts, and a SHA-256. */
const END = 0;
const END_BYTES = 4 + 32;

const fail = (problem: string): Malformed => new Malformed("bundle", problem);

const MOST_BYTES: Readonly<Record<PartKind, number>> = {
  root: limits.textBytes,
  approval: limits.textBytes,
  snapshot: limits.snapshotBytes,
  segment: limits.segmentBytes,
  head: limits.textBytes,
};

/** Segments are bounded by the number of all parts. */
const MOST_PARTS: Readonly<Partial<Record<PartKind, number>>> = {
  root: limits.bundleRoots,
  approval: limits.feeds,
  snapshot: limits.feeds,
  head: limits.feeds,
};

function mustFit(
  kind: PartKind,
  part: {
    readonly named: string;
    readonly length: number;
    readonly count: number;
  },
): void {
  const { named, length, count } = part;
  if (length > MOST_BYTES[kind]) {
    throw fail(
      `${named}, a ${kind}, declares ${length} bytes, more than ${MOST_BYTES[kind]}`,
    );
  }
  const most = MOST_PARTS[kind] ?? limits.bundleParts;
  if (count > most) throw fail(`has more than ${most} parts of kind ${kind}`);
}

/** Behind a feed's segments another feed's snapshot may stand. */
const mayFollow = (before: PartKind, kind: PartKind): boolean =>
  partKinds.indexOf(kind) >= partKinds.indexOf(before) ||
  (before === "segment" && kind === "snapshot");
