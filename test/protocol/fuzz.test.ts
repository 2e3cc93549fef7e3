import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeToken, encodeToken } from "../../agent/protocol/enrolment.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { wire1 } from "../../agent/protocol/wire.js";
import {
  openSegment,
  openSegments,
  readOps,
} from "../../agent/protocol/segment.js";
import { openSnapshot, readBans } from "../../agent/protocol/snapshot.js";
import { makeSegment, token, unhex } from "../support/vectors.js";
import { mutations } from "./arbitraries.js";
import { goodVectors } from "./vectors/all.js";
import { assemble, identity } from "./vectors/assemble.js";
import { goodHeader } from "./vectors/bad-segments.js";

const RUNS = { numRuns: 2_000 };

/** Everything there is to read in bytes, whatever they claim to be. */
const readers = {
  segment: (bytes: Buffer) => readOps(openSegment(bytes)),
  segments: (bytes: Buffer) => [...openSegments(bytes)],
  snapshot: (bytes: Buffer) => [...readBans(openSnapshot(bytes))],
  "message from the cloud": (bytes: Buffer) =>
    wire1.fromCloud(bytes.toString("utf8")),
  "message from the agent": (bytes: Buffer) =>
    wire1.fromAgent(bytes.toString("utf8")),
  "enrolment token": (bytes: Buffer) => decodeToken(bytes.toString("utf8")),
};

describe("bytes that nobody meant", () => {
  it.each(Object.entries(readers))("are no %s, or malformed", (_, read) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
        readOrMalformed(read, Buffer.from(bytes)),
      ),
      RUNS,
    );
  });

  it.each(["TQS1", "TQN1"])("are malformed behind the magic %s", (magic) => {
    const read = magic === "TQS1" ? readers.segment : readers.snapshot;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (rest) =>
        readOrMalformed(read, Buffer.concat([Buffer.from(magic), rest])),
      ),
      RUNS,
    );
  });

  it("are malformed as JSON of any shape", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        readOrMalformed(readers["message from the cloud"], Buffer.from(json));
        readOrMalformed(readers["message from the agent"], Buffer.from(json));
      }),
      RUNS,
    );
  });
});

describe("a valid frame, damaged", () => {
  const { bytes } = makeSegment();

  it("is a segment or malformed", () => {
    fc.assert(
      fc.property(mutations(bytes), (damaged) =>
        readOrMalformed(readers.segment, damaged),
      ),
      RUNS,
    );
  });

  it("is a row of segments or malformed", () => {
    const row = Buffer.concat([bytes, bytes, bytes]);
    fc.assert(
      fc.property(mutations(row), (damaged) =>
        readOrMalformed(readers.segments, damaged),
      ),
      RUNS,
    );
  });

  it.each(["snapshot", "snapshot-deflate"])("is a %s or malformed", (name) => {
    const vector = goodVectors().find((each) => each.name === name)!;
    fc.assert(
      fc.property(mutations(unhex(vector.hex ?? "")), (damaged) =>
        readOrMalformed(readers.snapshot, damaged),
      ),
      RUNS,
    );
  });

  it("is a message or malformed", () => {
    const texts = goodVectors().flatMap(({ text = [] }) => text);
    const damaged = fc
      .constantFrom(...texts)
      .chain((text) => mutations(Buffer.from(text)));
    fc.assert(
      fc.property(damaged, (bytes) => {
        readOrMalformed(readers["message from the cloud"], bytes);
        readOrMalformed(readers["message from the agent"], bytes);
      }),
      RUNS,
    );
  });

  it("is a token or malformed", () => {
    const valid = encodeToken({
      url: "https://cloud.example/",
      secret: token(7),
      root: "ab".repeat(32),
    });
    fc.assert(
      fc.property(mutations(Buffer.from(valid)), (damaged) =>
        readOrMalformed(readers["enrolment token"], damaged),
      ),
      RUNS,
    );
  });
});

describe("a body that its signed header vouches for", () => {
  it("holds ops or is malformed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
        const body = Buffer.from(raw);
        const header = { ...goodHeader, body: identity(body) };
        readOrMalformed(readers.segment, sealed("segment", header, body));
      }),
      RUNS,
    );
  });

  it("holds bans or is malformed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
        const body = Buffer.concat([unhex("010161"), raw]);
        const header = {
          feed: "urgent",
          audience: "all",
          epoch: "e1",
          offset: 1,
          hash: "00".repeat(32),
          bans: 1,
          issuedAt: 0,
          notAfter: 0,
          body: identity(body),
        };
        readOrMalformed(readers.snapshot, sealed("snapshot", header, body));
      }),
      RUNS,
    );
  });
});

function sealed(kind: "segment" | "snapshot", header: object, body: Buffer) {
  return assemble({
    kind,
    magic: kind === "segment" ? "TQS1" : "TQN1",
    header: JSON.stringify(header),
    body,
    signers: ["contentA"],
  }).bytes;
}

function readOrMalformed(
  read: (bytes: Buffer) => unknown,
  bytes: Buffer,
): void {
  try {
    read(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(Malformed);
  }
}
