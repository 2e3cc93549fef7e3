import { hex, keys, sha256Hex, type KeyName } from "../../support/vectors.js";

/**
 * Writes containers by hand, from PROTOCOL.md and without the codec under test:
 * right ones to compare with, and every kind of wrong one.
 */
export interface Parts {
  readonly kind: "segment" | "snapshot";
  readonly magic: string;
  /** Which prefix is signed; that of version 1 unless given. */
  readonly version?: 1 | 2;
  /** Instead of the right header length. */
  readonly headerLength?: number;
  readonly header: string | Buffer;
  readonly body: Buffer;
  readonly signers: readonly KeyName[];
  /** Whose key id the signatures carry, instead of the signers' own. */
  readonly claims?: KeyName;
  /** Instead of the number of signers. */
  readonly signatureCount?: number;
}

export interface Assembled {
  readonly bytes: Buffer;
  readonly signedBytes: Buffer;
  readonly signatures: readonly {
    readonly key: string;
    readonly signature: string;
  }[];
}

export function assemble(parts: Parts): Assembled {
  const header = Buffer.from(parts.header);
  const prefix = Buffer.from(
    `tourniquet ${parts.kind} v${parts.version ?? 1}\n`,
  );
  const signedBytes = Buffer.concat([prefix, header]);
  const signatures = parts.signers.map((name) => ({
    key: keys[parts.claims ?? name].id,
    signature: hex(keys[name].sign(signedBytes)),
  }));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(parts.headerLength ?? header.length);
  const bytes = Buffer.concat([
    Buffer.from(parts.magic, "latin1"),
    length,
    header,
    parts.body,
    Buffer.from([parts.signatureCount ?? signatures.length]),
    ...signatures.map(({ key, signature }) =>
      Buffer.from(key + signature, "hex"),
    ),
  ]);
  return { bytes, signedBytes, signatures };
}

/** How a header describes a body that is carried as it is. */
export const identity = (body: Buffer) => ({
  encoding: "identity",
  bytes: body.length,
  rawBytes: body.length,
  sha256: sha256Hex(body),
});

/** How a header describes a body that inflates to `rawBytes`. */
export const deflate = (body: Buffer, rawBytes: number) => ({
  encoding: "deflate",
  bytes: body.length,
  rawBytes,
  sha256: sha256Hex(body),
});

/** LEB128, for numbers that fit in 32 bits. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Text behind its length. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}
