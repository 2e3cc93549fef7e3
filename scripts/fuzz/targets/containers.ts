import { deflateRawSync, inflateRawSync } from "node:zlib";
import { sha256 } from "../../../agent/protocol/sha256.js";
import type { Layer } from "../target.js";
import { keys } from "../../../test/support/vectors.js";

/** The ways into a container: its header, and its body as it is inflated. */
export function layersOf(kind: "segment" | "snapshot"): readonly Layer[] {
  return [
    {
      open: (outer) => split(outer).header,
      seal: (header, outer) => join(kind, { ...split(outer), header }),
    },
    {
      open: (outer) => rawBody(split(outer)),
      seal: (raw, outer) => join(kind, rebound(split(outer), raw, false)),
    },
    {
      open: (outer) => rawBody(split(outer)),
      seal: (raw, outer) => join(kind, rebound(split(outer), raw, true)),
    },
    {
      // The body as carried: what inflates it meets garbage.
      open: (outer) => split(outer).body,
      seal: (body, outer) => {
        const parts = split(outer);
        const header = describing(parts.header, body, undefined);
        return join(kind, { ...parts, header, body });
      },
    },
  ];
}

interface Parts {
  readonly magic: Buffer;
  readonly header: Buffer;
  readonly body: Buffer;
}

function split(outer: Buffer): Parts {
  const end = 6 + outer.readUInt16BE(4);
  const header = outer.subarray(6, end);
  const { body } = parsed(header);
  return {
    magic: outer.subarray(0, 4),
    header,
    body: outer.subarray(end, end + body.bytes),
  };
}

interface Header {
  readonly body: { readonly encoding: string; readonly bytes: number };
}

const parsed = (header: Buffer): Header =>
  JSON.parse(header.toString()) as Header;

function rawBody({ header, body }: Parts): Buffer {
  return parsed(header).body.encoding === "deflate"
    ? inflateRawSync(body, { maxOutputLength: 1 << 20 })
    : body;
}

function rebound(parts: Parts, raw: Buffer, deflated: boolean): Parts {
  const body = deflated ? deflateRawSync(raw) : raw;
  const sizes = {
    encoding: deflated ? "deflate" : "identity",
    rawBytes: raw.length,
  };
  return { ...parts, body, header: describing(parts.header, body, sizes) };
}

/** The header with what it says of the body put right. */
function describing(
  header: Buffer,
  body: Buffer,
  sizes: undefined | { encoding: string; rawBytes: number },
): Buffer {
  const fields = parsed(header);
  const described = {
    ...{ ...fields.body, ...sizes },
    ...{ bytes: body.length, sha256: sha256(body).toString("hex") },
  };
  return Buffer.from(JSON.stringify({ ...fields, body: described }));
}

/** Writes the lengths and signs anew. */
function join(kind: string, { magic, header, body }: Parts): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Math.min(header.length, 0xffff));
  const signedBytes = Buffer.concat([
    Buffer.from(`tourniquet ${kind} v${magic[3] === 0x32 ? 2 : 1}\n`),
    header,
  ]);
  const key = keys.contentA;
  return Buffer.concat([
    ...[magic, length, header, body],
    ...[Buffer.from([1]), Buffer.from(key.id, "hex"), key.sign(signedBytes)],
  ]);
}
