import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { hitOf } from "../../agent/enforce/nftables/counts/hits.js";
import { decodeLabel } from "../../agent/enforce/nftables/sets/label.js";
import { attributesIn, dig, netU64 } from "../../agent/netlink/attributes.js";
import { addressesOfFlow, flowOf } from "../../agent/netlink/conntrack.js";
import { MalformedNetlink } from "../../agent/netlink/error.js";
import { messagesIn, readRefusal } from "../../agent/netlink/message.js";
import { elementsIn, setName } from "../../agent/netlink/nftables/read.js";
import { addressesOf, gatewaysOf } from "../../agent/netlink/route.js";
import { remoteAddress, socketOf } from "../../agent/netlink/sock-diag.js";
import { MessageWriter } from "../../agent/netlink/writer.js";
import { message, written } from "../support/kernel/netlink.js";

const SIDE = { family: 4, direction: "in" } as const;

describe("whatever bytes come", () => {
  const parsers: Record<string, (bytes: Buffer) => unknown> = {
    messages: (bytes) => [...messagesIn(bytes)],
    attributes: (bytes) => [...attributesIn(bytes)],
    refusals: (bytes) => readRefusal(message(2, bytes, 0x300)),
    "full refusals": (bytes) => readRefusal(message(2, bytes, 0x200)),
    addresses: (bytes) => addressesOf(message(20, bytes)),
    routes: (bytes) => gatewaysOf(message(24, bytes)),
    sockets: (bytes) => socketOf(message(20, bytes)),
    "remote addresses": (bytes) => remoteAddress(message(20, bytes)),
    flows: (bytes) => flowOf(message(0x100, bytes)),
    "addresses of flows": (bytes) => addressesOfFlow(message(0x100, bytes)),
    sets: (bytes) => setName(message(9, bytes)),
    elements: (bytes) => [...elementsIn(message(12, bytes))],
    labels: (bytes) => decodeLabel(bytes),
    hits: (bytes) => hitOf(SIDE, { key: bytes, attributes: bytes }),
    numbers: (bytes) => netU64(bytes),
    "what is deep inside": (bytes) => dig(bytes, 1, 1, 1),
  };

  it.each(Object.entries(parsers))(
    "%s come out, or MalformedNetlink",
    (_, parse) => {
      fc.assert(
        fc.property(fc.oneof(anything, nearlyRight), (bytes) => {
          try {
            parse(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedNetlink);
          }
        }),
        { numRuns: 2_000 },
      );
    },
  );

  const anything = fc.uint8Array({ maxLength: 200 });
  /** Attributes with sensible types and lengths get further in. */
  const nearlyRight = fc
    .array(
      fc.tuple(
        fc.integer({ min: 0, max: 20 }),
        fc.uint8Array({ maxLength: 24 }),
      ),
      { maxLength: 6 },
    )
    .chain((attributes) =>
      fc.constantFrom(0, 4, 8, 12).map((fixed) => {
        const w = new MessageWriter();
        w.raw(
          Uint8Array.from({ length: fixed }, (_, i) =>
            i === 0 ? 2 : i === 7 ? 1 : 0,
          ),
        );
        for (const [type, bytes] of attributes) {
          w.nest(type, () => w.data(type, bytes));
          w.data(type, bytes);
        }
        return Uint8Array.from(w.bytes);
      }),
    );
});

describe("attributes", () => {
  it("read back as they were written", () => {
    const entry = fc.tuple(
      fc.integer({ min: 0, max: 0x3fff }),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const [only] = written((w) =>
          w.message({ type: 1, flags: 0 }, () => {
            for (const [type, bytes] of entries) w.data(type, bytes);
          }),
        );
        const read = Array.from(
          attributesIn(only!.payload),
          ({ type, bytes }) => [type, Uint8Array.from(bytes)],
        );
        expect(read).toEqual(entries);
      }),
    );
  });

  it("keep 64-bit numbers whole up to 2^53", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const w = new MessageWriter();
        w.u64(1, value);
        expect(netU64(dig(w.bytes, 1)!)).toBe(value);
      }),
    );
  });

  it("leave no trace of an earlier request in the padding", () => {
    const w = new MessageWriter();
    w.data(1, new Uint8Array(64).fill(0xff));
    w.restart(0);
    w.data(1, Uint8Array.of(7));
    w.text(2, "ab");
    expect(w.bytes.toString("hex")).toBe(
      "0500010007000000" + "0700020061620000",
    );
  });

  it("refuse to grow past what their length can say", () => {
    const w = new MessageWriter();
    expect(() => w.nest(1, () => w.raw(new Uint8Array(0x10000)))).toThrow(
      RangeError,
    );
  });
});

describe("messages", () => {
  it("are numbered one after the other, across the end of the numbers", () => {
    const w = new MessageWriter();
    w.restart(0xffff_fffe);
    for (let i = 0; i < 3; i++)
      w.message({ type: 7, flags: 1 }, () => undefined);
    const sequences = Array.from(messagesIn(w.bytes), (m) => m.sequence);
    expect(sequences).toEqual([0xffff_ffff, 0, 1]);
  });

  it("may be more than the first buffer holds", () => {
    const many = 10_000;
    const all = written((w) => {
      for (let i = 0; i < many; i++) {
        w.message({ type: 7, flags: 1 }, () => w.data(1, new Uint8Array(32)));
      }
    });
    expect(all).toHaveLength(many);
    expect(new Set(all.map(({ payload }) => payload.length))).toEqual(
      new Set([36]),
    );
  });
});
