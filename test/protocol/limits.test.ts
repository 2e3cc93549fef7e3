import { describe, expect, it } from "@jest/globals";
import { ByteReader } from "../../agent/protocol/byte-reader.js";
import { ByteWriter } from "../../agent/protocol/byte-writer.js";
import { limits } from "../../agent/protocol/limits.js";
import { readReasons } from "../../agent/protocol/reason-table.js";
import { openSegment, readOps } from "../../agent/protocol/segment.js";
import { openSnapshot } from "../../agent/protocol/snapshot.js";
import { unhex } from "../support/vectors.js";
import { badVectors } from "./vectors/bad.js";
import { segmentWith } from "./vectors/bad-segments.js";

describe("a limit holds before any work is done for what it limits", () => {
  it("on what a body inflates to", () => {
    const rawBytes = limits.segmentRawBytes + 1;
    const body = { encoding: "deflate", bytes: 15, rawBytes, sha256: ZEROS };
    const { bytes } = segmentWith({ body });
    expect(() => openSegment(bytes)).toThrow(`a body of ${rawBytes} bytes`);
  });

  it("on what a snapshot inflates to", () => {
    const bytes = bad("snapshot: a raw length above 128 MiB");
    expect(() => openSnapshot(bytes)).toThrow("a body of 134217729 bytes");
  });

  it("on the ops of a segment", () => {
    const { bytes } = segmentWith({ last: limits.segmentOps + 1 });
    expect(() => openSegment(bytes)).toThrow("spans ops 1 to 4097");
  });

  it("on the header of a container", () => {
    const { bytes } = segmentWith({}, { headerLength: 2_049 });
    expect(() => openSegment(bytes)).toThrow("a header of 2049 bytes");
  });

  it("on the reasons of a body, however many there are", () => {
    const reasons = (count: number) =>
      new ByteReader(
        new ByteWriter().varint(count).raw(new Uint8Array(count)).bytes(),
        "test",
      );
    expect(readReasons(reasons(limits.reasons))).toHaveLength(limits.reasons);
    expect(() => readReasons(reasons(limits.reasons + 1))).toThrow(
      "declares 65537 reasons",
    );
  });
});

describe("a deflate bomb", () => {
  it("bursts at the size that it declares", () => {
    const segment = openSegment(bad("segment: a deflate bomb"));
    expect(() => readOps(segment)).toThrow("does not inflate to the 64 bytes");
  });
});

const ZEROS = "00".repeat(32);

function bad(name: string): Buffer {
  const { vectors } = badVectors();
  return unhex(vectors.find((vector) => vector.name === name)?.hex ?? "");
}
