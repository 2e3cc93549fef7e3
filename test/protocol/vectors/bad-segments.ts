import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import {
  ISSUED_AT,
  NOT_AFTER,
  hex,
  sha256Hex,
  unhex,
} from "../../support/vectors.js";
import {
  assemble,
  deflate,
  identity,
  text,
  type Assembled,
  type Parts,
} from "./assemble.js";
import type { BadVector } from "./vector.js";

/** Segments whose container is wrong. */
export function badSegments(): readonly BadVector[] {
  return [
    ...cutShort(),
    ...wrongStart(),
    ...wrongHeader(),
    ...wrongLengths(),
    ...wrongDeflate(),
    ...wrongSignatureCount(),
  ];
}

/** One reason, "scan", and one ban of 192.0.2.7 for an hour. */
export const goodBody = Buffer.concat([
  unhex("01"),
  text("scan"),
  unhex("00 20 c0000207 911c 00"),
]);

export const goodHeader = {
  feed: "urgent",
  audience: "all",
  epoch: "e1",
  first: 1,
  last: 1,
  previous: "00".repeat(32),
  issuedAt: ISSUED_AT,
  notAfter: NOT_AFTER,
  body: identity(goodBody) as object,
};

/** A segment that is right but for what is given. */
export function segmentWith(
  fields: Readonly<Record<string, unknown>> = {},
  parts: Partial<Parts> = {},
): Assembled {
  return assemble({
    kind: "segment",
    magic: "TQS1",
    header: JSON.stringify({ ...goodHeader, ...fields }),
    body: goodBody,
    signers: ["contentA"],
    ...parts,
  });
}

/** One row: its name, the verdict, the bytes, and why. */
export function row(
  name: string,
  refusal: RefusalCode | null,
  bytes: Uint8Array,
  why: string,
): BadVector {
  return {
    name: `segment: ${name}`,
    reads: "segment",
    hex: hex(bytes),
    at: null,
    root: "one content signature",
    refusal,
    why,
  };
}

function cutShort(): readonly BadVector[] {
  const { bytes } = segmentWith();
  const header = 6 + bytes.readUInt16BE(4);
  const body = header + goodBody.length;
  const places: readonly [string, number][] = [
    ["nothing at all", 0],
    ["cut in the magic", 3],
    ["cut in the header length", 5],
    ["cut in the header", 100],
    ["cut after the header", header],
    ["cut in the body", header + 5],
    ["cut after the body", body],
    ["cut after the signature count", body + 1],
    ["cut in a key id", body + 5],
    ["cut in a signature", body + 40],
    ["one byte short", bytes.length - 1],
  ];
  return places.map(([name, length]) =>
    row(name, "malformed", bytes.subarray(0, length), `${length} bytes only`),
  );
}

function wrongStart(): readonly BadVector[] {
  const { bytes } = segmentWith();
  const magic = (text: string) => segmentWith({}, { magic: text }).bytes;
  return [
    row(
      "binary garbage",
      "malformed",
      unhex(sha256Hex(bytes).repeat(4)),
      "no magic, no sense",
    ),
    row("a later magic", "malformed", magic("TQS3"), "another version"),
    row("a snapshot's magic", "malformed", magic("TQN1"), "another kind"),
    row(
      "JSON in a binary frame",
      "malformed",
      Buffer.from('{"type":"plan","plans":[]}'),
      "control messages travel as text",
    ),
    row(
      "a byte behind the end",
      "malformed",
      Buffer.concat([bytes, unhex("00")]),
      "trailing bytes are nobody's",
    ),
    row(
      "two in one frame",
      "malformed",
      Buffer.concat([bytes, bytes]),
      "only HTTP carries several",
    ),
  ];
}

function wrongHeader(): readonly BadVector[] {
  const bad = (name: string, fields: object, why: string) =>
    row(name, "malformed", segmentWith({ ...fields }).bytes, why);
  const raw = (name: string, header: string | Buffer, why: string) =>
    row(name, "malformed", segmentWith({}, { header }).bytes, why);
  const json = JSON.stringify(goodHeader);
  return [
    bad("an unknown field", { colour: "red" }, "unknown fields are refused"),
    bad("a field called toString", { toString: 1 }, "this one as well"),
    bad("no epoch", { epoch: undefined }, "every field is required"),
    bad("an unknown feed", { feed: "global" }, "no such feed"),
    bad("a feed of no org", { feed: "org/" }, "an org has a name"),
    bad("an epoch in capitals", { epoch: "E1" }, "lower-case only"),
    bad("a hash in capitals", { previous: "AB".repeat(32) }, "lower-case"),
    bad("a short hash", { previous: "00" }, "32 bytes"),
    bad("a date after 9999", { notAfter: 253_402_300_800_000 }, "too late"),
    bad("a date with a fraction", { issuedAt: 0.5 }, "whole milliseconds"),
    bad("a number as text", { first: "1" }, "numbers are numbers"),
    bad("op zero", { first: 0, last: 0 }, "the first op is 1"),
    bad("last before first", { first: 2, last: 1 }, "an empty span"),
    bad("4,097 ops", { last: 4_097 }, "the limit is 4,096"),
    bad("an offset of 2^53", { first: 2 ** 53, last: 2 ** 53 }, "unsafe"),
    raw("a header that is no JSON", json.slice(0, -1), "cut inside"),
    raw("a header that is a list", `[${json}]`, "an object is needed"),
    raw("a header with a byte order mark", `\ufeff${json}`, "not JSON"),
    raw("an empty header", "", "not JSON"),
    raw(
      "a header that is no UTF-8",
      Buffer.from(json.replace("e1", "\xff"), "latin1"),
      "0xff occurs in no UTF-8",
    ),
    raw(
      "a header of 2,049 bytes",
      json.padEnd(2_049),
      "the limit is 2,048, spaces included",
    ),
  ];
}

function wrongLengths(): readonly BadVector[] {
  const ok = identity(goodBody);
  const body = (name: string, fields: object, why: string) =>
    row(
      name,
      "malformed",
      segmentWith({ body: { ...ok, ...fields } }).bytes,
      why,
    );
  const length = (name: string, headerLength: number, why: string) =>
    row(name, "malformed", segmentWith({}, { headerLength }).bytes, why);
  return [
    length("a header length too small", 20, "the JSON is cut"),
    length("a header length too large", 2_000, "beyond the end"),
    length("a header length of 65,535", 65_535, "above the limit"),
    body("a body length too large", { bytes: 1_000 }, "beyond the end"),
    body("a body length too small", { bytes: 2 }, "signatures start early"),
    body("a negative body length", { bytes: -1 }, "counts from 0"),
    body("a raw length that is not the body's", { rawBytes: 1 }, "identity"),
    body(
      "a raw length above 4 MiB",
      { encoding: "deflate", rawBytes: 4 * 1024 * 1024 + 1 },
      "refused before anything is inflated",
    ),
    body("an unknown encoding", { encoding: "gzip" }, "identity or deflate"),
    body("another body's hash", { sha256: "00".repeat(32) }, "swapped body"),
    oversized("segment", "too large for a frame"),
    oversized("segments", "as large over HTTP: the limit is the segment's"),
  ];
}

/** All is right but the size; the body's zeros are filled in. */
function oversized(reads: "segment" | "segments", why: string): BadVector {
  const zeros = Buffer.alloc(1024 * 1024);
  const { bytes } = segmentWith(
    { body: identity(zeros) },
    { body: Buffer.alloc(0) },
  );
  const fill = {
    at: 6 + bytes.readUInt16BE(4),
    byte: 0,
    count: zeros.length,
  };
  return {
    ...row(`more than 1 MiB, read as ${reads}`, "malformed", bytes, why),
    reads,
    fill,
  };
}

function wrongDeflate(): readonly BadVector[] {
  const bad = (name: string, body: Buffer, rawBytes: number, why: string) =>
    row(
      name,
      "malformed",
      segmentWith({ body: deflate(body, rawBytes) }, { body }).bytes,
      why,
    );
  return [
    bad("a deflate bomb", BOMB, 64, "64 bytes declared, 64 KiB inside"),
    bad("a bomb that declares nothing", BOMB, 0, "0 bytes declared"),
    bad("deflate that is too short", STORED, 16, "inflates to 15 bytes"),
    bad("deflate that is too long", STORED, 14, "inflates to 15 bytes"),
    bad("deflate cut off", STORED.subarray(0, 10), 15, "no end of stream"),
    bad("deflate that is garbage", unhex("ffffffff"), 15, "no such block"),
  ];
}

/** 64 KiB of zeros. */
const BOMB = unhex(`edc1010100000080 90feafee080a ${"00".repeat(63)} 6a`);

/** `goodBody` as one stored block. */
const STORED = Buffer.concat([unhex("01 0f00 f0ff"), goodBody]);

function wrongSignatureCount(): readonly BadVector[] {
  const bad = (name: string, parts: Partial<Parts>, why: string) =>
    row(name, "malformed", segmentWith({}, parts).bytes, why);
  const nine = Array.from({ length: 9 }, () => "contentA" as const);
  return [
    bad("no signature", { signers: [] }, "at least one is needed"),
    bad("nine signatures", { signers: nine }, "the limit is 8"),
    bad("a count of two signatures for one", { signatureCount: 2 }, "too few"),
    bad("a count of 255 signatures", { signatureCount: 255 }, "above limit"),
  ];
}
