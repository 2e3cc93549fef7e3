import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as v from "valibot";
import { ByteReader, decodeUtf8 } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { limits } from "./limits.js";
import { Malformed } from "./malformed.js";
import { sha256 } from "./sha256.js";
import { Count, Sha256, parseJson } from "./shapes.js";
import type { ProtocolVersion } from "./signed-text.js";

/**
 * Segments and snapshots travel in the same container: a JSON header that is
 * signed, a body that the header binds by its hash, and the signatures.
 *
 *     magic 4 | header length 2 | header | body | count 1 | (key 8 | signature 64)*
 */
export interface Container<Header> {
  readonly header: Header;
  /** What signatures are made over, and what the hash chain hashes. */
  readonly signedBytes: Uint8Array;
  /** SHA-256 of `signedBytes`. */
  readonly hash: Uint8Array;
  /** As carried: not inflated yet. */
  readonly body: Uint8Array;
  readonly signatures: readonly Signature[];
  /** Of the protocol: which magic it has, and how its body is read. */
  readonly version: ProtocolVersion;
}

export interface Signature {
  /** Lower-case hex of the 8-byte key id. */
  readonly key: string;
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array;
}

/** Makes signatures over bytes; the cloud's signer is one. */
export type Sign = (signedBytes: Uint8Array) => readonly Signature[];

export interface Kind {
  readonly name: "segment" | "snapshot";
  readonly magic: Readonly<Record<ProtocolVersion, string>>;
  readonly maxBytes: number;
  readonly maxRawBytes: number;
}

/** How a header describes its body. */
export const Body = v.strictObject({
  encoding: v.picklist(["identity", "deflate"]),
  bytes: Count,
  rawBytes: Count,
  sha256: Sha256,
});
export type Body = v.InferOutput<typeof Body>;

/** What headers of each version look like. */
type Schemas<Header> = Readonly<
  Record<ProtocolVersion, v.GenericSchema<unknown, Header>>
>;

/** Splits a container and checks every declared length; judges no signature. */
export function openContainer<Header extends { readonly body: Body }>(
  kind: Kind,
  schemas: Schemas<Header>,
  bytes: Uint8Array,
): Container<Header> {
  const reader = new ByteReader(bytes, kind.name);
  const container = readContainer(kind, schemas, reader);
  reader.end();
  return container;
}

/**
 * Reads one container and leaves the reader behind it, for answers that carry
 * several in a row.
 */
export function readContainer<Header extends { readonly body: Body }>(
  kind: Kind,
  schemas: Schemas<Header>,
  reader: ByteReader,
): Container<Header> {
  const before = reader.left;
  const version = readMagic(kind, reader);
  const headerBytes = reader.take(readHeaderLength(reader));
  const header = parseJson(
    schemas[version],
    decodeUtf8(headerBytes, `${kind.name} header`),
    `${kind.name} header`,
  );
  if (header.body.rawBytes > kind.maxRawBytes) {
    throw reader.fail(`declares a body of ${header.body.rawBytes} bytes`);
  }
  const body = reader.take(header.body.bytes);
  const signatures = readSignatures(reader);
  const length = before - reader.left;
  if (length > kind.maxBytes) {
    throw reader.fail(`has ${length} bytes, more than ${kind.maxBytes}`);
  }
  const signedBytes = signedBytesOf(kind, version, headerBytes);
  const hash = sha256(signedBytes);
  return { header, body, signedBytes, hash, signatures, version };
}

/**
 * The body, inflated and held to what the signed header says of it. Call it
 * only once the signature is known to be good.
 */
export function openBody(
  kind: Kind,
  container: Container<{ readonly body: Body }>,
): Uint8Array {
  const { body, header } = container;
  const { encoding, rawBytes, sha256: expected } = header.body;
  if (sha256(body).toString("hex") !== expected) {
    throw new Malformed(`${kind.name} body`, "does not match its hash");
  }
  const raw = encoding === "deflate" ? inflate(kind, body, rawBytes) : body;
  if (raw.length !== rawBytes) {
    throw new Malformed(
      `${kind.name} body`,
      `has ${raw.length} bytes where ${rawBytes} are declared`,
    );
  }
  return raw;
}

/**
 * Builds a container; the body is deflated where that makes it smaller.
 * @throws RangeError rather than make what no agent would open
 */
export function sealContainer(
  { version, ...kind }: Kind & { readonly version: ProtocolVersion },
  fields: Readonly<Record<string, unknown>>,
  raw: Uint8Array,
  sign: Sign,
): { readonly bytes: Buffer; readonly hash: Buffer } {
  const deflated = raw.length < 128 ? undefined : deflateRawSync(raw);
  const smaller = deflated !== undefined && deflated.length < raw.length;
  const body = smaller ? deflated : raw;
  const header = Buffer.from(
    JSON.stringify({
      ...fields,
      body: {
        encoding: smaller ? "deflate" : "identity",
        bytes: body.length,
        rawBytes: raw.length,
        sha256: sha256(body).toString("hex"),
      },
    }),
  );
  const signedBytes = signedBytesOf(kind, version, header);
  const writer = new ByteWriter(header.length + body.length + 128)
    .raw(Buffer.from(kind.magic[version], "latin1"))
    .u16(header.length)
    .raw(header)
    .raw(body);
  writeSignatures(writer, sign(signedBytes));
  if (writer.length > kind.maxBytes || raw.length > kind.maxRawBytes) {
    throw new RangeError(
      `a ${kind.name} of ${writer.length} bytes, ${raw.length} inflated`,
    );
  }
  return { bytes: writer.bytes(), hash: sha256(signedBytes) };
}

/** Whether a whole container is of version 2, by its magic. */
export const isOfVersion2 = (bytes: Uint8Array): boolean => bytes[3] === 0x32;

/** The prefix keeps a signature on one kind from counting for another. */
function signedBytesOf(
  { name }: Pick<Kind, "name">,
  version: ProtocolVersion,
  header: Uint8Array,
): Buffer {
  const prefix = Buffer.from(`tourniquet ${name} v${version}\n`);
  return Buffer.concat([prefix, header]);
}

function readMagic({ magic }: Kind, reader: ByteReader): ProtocolVersion {
  const found = Buffer.from(reader.take(4));
  const text = found.toString("latin1");
  if (text === magic[1]) return 1;
  if (text === magic[2]) return 2;
  throw reader.fail(`begins with ${found.toString("hex")}`);
}

function readHeaderLength(reader: ByteReader): number {
  const length = reader.u16();
  if (length > limits.headerBytes) {
    throw reader.fail(`declares a header of ${length} bytes`);
  }
  return length;
}

export function readSignatures(reader: ByteReader): Signature[] {
  const count = reader.byte();
  if (count === 0 || count > limits.signatures) {
    throw reader.fail(`carries ${count} signatures`);
  }
  return Array.from({ length: count }, () => ({
    key: Buffer.from(reader.take(8)).toString("hex"),
    signature: reader.take(64),
  }));
}

export function writeSignatures(
  writer: ByteWriter,
  signatures: readonly Signature[],
): void {
  const { length } = signatures;
  if (length === 0 || length > limits.signatures) {
    throw new RangeError(`${length} signatures`);
  }
  writer.byte(length);
  for (const { key, signature } of signatures) {
    writer.raw(Buffer.from(key, "hex")).raw(signature);
  }
}

/** Never makes more than was declared, so a bomb bursts small. */
function inflate(kind: Kind, body: Uint8Array, rawBytes: number): Uint8Array {
  try {
    return inflateRawSync(body, { maxOutputLength: Math.max(1, rawBytes) });
  } catch (cause) {
    throw new Malformed(
      `${kind.name} body`,
      `does not inflate to the ${rawBytes} bytes that are declared`,
      { cause },
    );
  }
}
