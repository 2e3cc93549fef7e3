import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  BundleReader,
  BundleWriter,
  partKinds,
  sourceOf,
  type ByteSource,
  type PartKind,
} from "../../agent/protocol/bundle.js";
import { limits } from "../../agent/protocol/limits.js";
import { Malformed } from "../../agent/protocol/malformed.js";

const header = { cloud: "cloud.example", org: "example", madeAt: 1_000 };

/** Parts in an order that may be: at most eight of each kind. */
const bundles = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...partKinds),
      bytes: fc.uint8Array({ maxLength: 200 }),
    }),
    { maxLength: 8 },
  )
  .map((parts) =>
    parts.toSorted(
      (a, b) => partKinds.indexOf(a.kind) - partKinds.indexOf(b.kind),
    ),
  );

describe("a bundle", () => {
  it("is read as it was written, whatever is in it", () => {
    fc.assert(
      fc.property(bundles, (parts) => {
        const reader = new BundleReader(sourceOf(written(parts)));
        const found = [...reader.parts()];
        expect(reader.header).toEqual(header);
        expect(found.map(({ kind }) => kind)).toEqual(
          parts.map(({ kind }) => kind),
        );
        for (const [i, part] of found.entries()) {
          expect(part.number).toBe(i + 1);
          expect(Buffer.from(part.bytes)).toEqual(Buffer.from(parts[i]!.bytes));
        }
      }),
    );
  });

  it("tells where its parts lie", () => {
    fc.assert(
      fc.property(bundles, (parts) => {
        const bytes = written(parts);
        for (const part of new BundleReader(sourceOf(bytes)).parts()) {
          const there = bytes.subarray(part.at, part.at + part.bytes.length);
          expect(there).toEqual(Buffer.from(part.bytes));
        }
      }),
    );
  });

  it("is whole or none: cut anywhere, it is malformed", () => {
    fc.assert(
      fc.property(bundles, fc.nat(), (parts, at) => {
        const bytes = written(parts);
        const cut = bytes.subarray(0, at % bytes.length);
        expect(() => read(cut)).toThrow(Malformed);
      }),
    );
  });

  it("is as it was written or none: any byte that is another is found", () => {
    fc.assert(
      fc.property(
        bundles,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (...[parts, at, change]) => {
          const bytes = written(parts);
          bytes[at % bytes.length]! ^= change;
          expect(() => read(bytes)).toThrow(Malformed);
        },
      ),
    );
  });

  it("is not asked for more than it says to have", () => {
    const asked: number[] = [];
    const claims = written([{ kind: "snapshot", bytes: Buffer.alloc(9) }]);
    claims.writeUInt32BE(limits.snapshotBytes, claims.length - 41 - 9 - 4);
    const source: ByteSource = {
      size: claims.length,
      read: (at, length) => {
        asked.push(length);
        return claims.subarray(at, at + length);
      },
    };
    expect(() => [...new BundleReader(source).parts()]).toThrow(
      "bytes are missing",
    );
    expect(Math.max(...asked)).toBeLessThan(100);
  });

  it("of more than 256 MiB is not looked into", () => {
    const source = {
      size: limits.bundleBytes + 1,
      read: () => {
        throw new Error("it was read");
      },
    };
    expect(() => new BundleReader(source)).toThrow("more than 268435456");
  });

  it.each<[PartKind, number]>([
    ["root", limits.textBytes],
    ["approval", limits.textBytes],
    ["segment", limits.segmentBytes],
    ["head", limits.textBytes],
  ])("may have a %s of at most %i bytes", (kind, most) => {
    const sized = (size: number) => [{ kind, bytes: Buffer.alloc(size) }];
    expect(read(written(sized(most)))).toHaveLength(1);
    expect(() => read(written(sized(most + 1)))).toThrow(`more than ${most}`);
  });

  it.each<[PartKind, number]>([
    ["root", limits.bundleRoots],
    ["approval", limits.feeds],
    ["snapshot", limits.feeds],
    ["head", limits.feeds],
  ])("may have so many of kind %s: %i", (kind, most) => {
    const many = (count: number) =>
      Array.from({ length: count }, () => ({ kind, bytes: Buffer.alloc(1) }));
    expect(read(written(many(most)))).toHaveLength(most);
    expect(() => read(written(many(most + 1)))).toThrow(`more than ${most}`);
  });

  it("is not written with more parts than are read", () => {
    const writer = new BundleWriter();
    for (let i = 0; i < limits.bundleParts; i++) writer.frame("segment", 0);
    expect(() => writer.frame("segment", 0)).toThrow(RangeError);
  });
});

const read = (bytes: Uint8Array) => [
  ...new BundleReader(sourceOf(bytes)).parts(),
];

function written(
  parts: readonly { readonly kind: PartKind; readonly bytes: Uint8Array }[],
): Buffer {
  const writer = new BundleWriter();
  const begin = writer.begin(header);
  const middle = parts.map(({ kind, bytes }) => writer.part(kind, bytes));
  return Buffer.concat([begin, ...middle, writer.end()]);
}
