import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Op } from "../../agent/model/ban.js";
import { sealContainer } from "../../agent/protocol/container.js";
import { limits } from "../../agent/protocol/limits.js";
import {
  SEGMENT,
  openSegment,
  openSegments,
  readOps,
} from "../../agent/protocol/segment.js";
import { signerOf } from "../../agent/trust/sign.js";
import {
  ISSUED_AT_S,
  ban,
  hex,
  keys,
  lift,
  makeSegment,
  sha256Hex,
  someOps,
} from "../support/vectors.js";
import { epochs, feeds, ops } from "./arbitraries.js";

describe("a segment", () => {
  it("brings back any ops that were sealed", () => {
    fc.assert(
      fc.property(fc.array(ops, { minLength: 1, maxLength: 40 }), (ops) => {
        expect(readOps(openSegment(makeSegment({ ops }).bytes))).toEqual(ops);
      }),
      { numRuns: 500 },
    );
  });

  it("is of version 2 only where a host still waits for its ring", () => {
    const sealed = (all: number) => {
      const rings = { canary: 0, early: 0, broad: 0, all };
      return makeSegment({ ops: [{ ...ban("192.0.2.7", 60, "scan"), rings }] })
        .bytes;
    };
    expect(sealed(ISSUED_AT_S).subarray(0, 4).toString()).toBe("TQS1");
    expect(openSegment(sealed(ISSUED_AT_S)).version).toBe(1);
    expect(readOps(openSegment(sealed(ISSUED_AT_S + 7)))).toMatchObject([
      {
        rings: {
          canary: ISSUED_AT_S,
          early: ISSUED_AT_S,
          broad: ISSUED_AT_S,
          all: ISSUED_AT_S + 7,
        },
      },
    ]);
  });

  it("brings back what its header says", () => {
    fc.assert(
      fc.property(feeds, epochs, fc.nat(), (feed, epoch, before) => {
        const { bytes } = makeSegment({ feed, epoch, first: before + 1 });
        const { header } = openSegment(bytes);
        expect(header).toMatchObject({
          feed,
          audience: feed.startsWith("org/") ? feed : "all",
          epoch,
          first: before + 1,
          last: before + someOps.length,
        });
      }),
    );
  });

  it("is known by the hash of what is signed", () => {
    const { bytes, hash } = makeSegment();
    const { signedBytes, hash: read } = openSegment(bytes);
    expect(hex(read)).toBe(hex(hash));
    expect(hex(read)).toBe(sha256Hex(signedBytes));
  });

  it("has the same hash whoever signs it", () => {
    const one = makeSegment({}, ["contentA"]);
    const two = makeSegment({}, ["contentA", "contentB"]);
    expect(hex(one.hash)).toBe(hex(two.hash));
    expect(one.bytes.length + 72).toBe(two.bytes.length);
  });

  it("carries the signatures with the ids of their keys", () => {
    const { signatures, signedBytes } = openSegment(
      makeSegment({}, ["contentB", "contentA"]).bytes,
    );
    expect(
      signatures.map(({ key, signature }) => [key, hex(signature)]),
    ).toEqual([
      [keys.contentB.id, hex(keys.contentB.sign(signedBytes))],
      [keys.contentA.id, hex(keys.contentA.sign(signedBytes))],
    ]);
  });

  it("writes an expiry in the past as its own date", () => {
    const { bytes } = makeSegment({ ops: [ban("192.0.2.7", -500, "late")] });
    expect(readOps(openSegment(bytes))).toMatchObject([
      { expiresAt: ISSUED_AT_S },
    ]);
  });

  it("deflates a body that gets smaller, and no other", () => {
    const many = Array.from({ length: 50 }, (_, i) => lift(`192.0.2.${i}`));
    const large = openSegment(makeSegment({ ops: many }).bytes).header.body;
    const small = openSegment(makeSegment().bytes).header.body;
    expect(large.encoding).toBe("deflate");
    expect(large.bytes).toBeLessThan(large.rawBytes);
    expect(small.encoding).toBe("identity");
    expect(small.bytes).toBe(small.rawBytes);
  });

  it("holds as many ops as the limit says", () => {
    const ops = Array.from({ length: limits.segmentOps }, (_, i) =>
      lift(`203.0.113.${i % 256}`),
    );
    expect(readOps(openSegment(makeSegment({ ops }).bytes))).toHaveLength(
      limits.segmentOps,
    );
  });
});

describe("sealing", () => {
  const refused: readonly [string, readonly Op[]][] = [
    ["of no ops", []],
    [
      "of more ops than the limit",
      Array.from({ length: limits.segmentOps + 1 }, () => lift("192.0.2.7")),
    ],
    ["with a reason that is too long", [ban("192.0.2.7", 60, "ü".repeat(129))]],
  ];

  it.each(refused)("refuses a segment %s", (_, ops) => {
    expect(() => makeSegment({ ops })).toThrow(RangeError);
  });

  it("refuses to make what carries no signature, or nine", () => {
    const nine = Array.from({ length: 9 }, () => "contentA" as const);
    expect(() => makeSegment({}, [])).toThrow(RangeError);
    expect(() => makeSegment({}, nine)).toThrow(RangeError);
  });

  it("refuses to make what no reader would open for its size", () => {
    const seal = (limits: Partial<typeof SEGMENT>) => () =>
      sealContainer(
        { ...SEGMENT, version: 1, ...limits },
        {},
        Buffer.alloc(1_000),
        signerOf([keys.contentA]),
      );
    expect(seal({})).not.toThrow();
    expect(seal({ maxBytes: 100 })).toThrow(RangeError);
    expect(seal({ maxRawBytes: 999 })).toThrow(RangeError);
  });
});

describe("several segments in a row", () => {
  it("are read one by one, each with its own bytes", () => {
    const first = makeSegment();
    const second = makeSegment({ first: 4, previous: first.hash });
    const row = [...openSegments(Buffer.concat([first.bytes, second.bytes]))];
    expect(row.map(({ bytes }) => hex(bytes))).toEqual([
      hex(first.bytes),
      hex(second.bytes),
    ]);
    expect(row.map(({ segment }) => segment.header.first)).toEqual([1, 4]);
  });

  it("may be none", () => {
    expect([...openSegments(Buffer.alloc(0))]).toEqual([]);
  });

  it("are given out until the one that is malformed", () => {
    const { bytes } = makeSegment();
    const row = openSegments(Buffer.concat([bytes, bytes.subarray(0, 50)]));
    expect(row.next().done).toBe(false);
    expect(() => row.next()).toThrow("malformed segment");
  });
});
