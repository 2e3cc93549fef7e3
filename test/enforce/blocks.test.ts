import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addBlock } from "../../agent/enforce/nftables/blocks.js";
import {
  addBans,
  grouped,
} from "../../agent/enforce/nftables/sets/elements.js";
import { FOREVER } from "../../agent/model/ban.js";
import { entriesIn } from "../../agent/model/block.js";
import { bits, maskOf, width, type Family } from "../../agent/model/cidr.js";
import type { Entry } from "../../agent/model/ruleset.js";
import {
  after,
  attributesIn,
  find,
  textOf,
} from "../../agent/netlink/attributes.js";
import { NFTA_SET_ELEM_LIST } from "../../agent/netlink/nftables/constants.js";
import type { MessageWriter } from "../../agent/netlink/writer.js";
import { packed } from "../support/agent/entries.js";
import { written } from "../support/kernel/netlink.js";

const NOW_S = 1_800_000_000;
const NOW = NOW_S * 1_000;

describe("a block", () => {
  it("is written as its entries are one by one", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        expectSame(entries);
      }),
    );
  });

  it("takes as many messages as it needs", () => {
    const many = Array.from({ length: 3_100 }, (_, i) =>
      entryOf(6, 64, [0x20, 1, i >> 8, i & 255], i),
    );
    expectSame(many);
    const blocks = packed(many);
    const messages = written((w) => {
      for (const block of blocks) addBlock(w, block, "a", NOW);
    });
    const bans = messages.filter(
      ({ payload }) => setOf(payload) === "ban6_64_a",
    );
    expect(bans).toHaveLength(3);
  });

  it("gives its entries back", () => {
    const entries = [
      entryOf(4, 24, [10, 1, 2], 60),
      entryOf(4, 24, [10, 1, 3], 61),
    ];
    expect(packed(entries).flatMap((each) => [...entriesIn(each)])).toEqual(
      entries,
    );
  });
});

function entryOf(
  family: Family,
  prefix: number,
  start: readonly number[],
  seconds: number,
): Entry {
  const address = new Uint8Array(width(family));
  address.set(start);
  const mask = maskOf(family, prefix);
  address.forEach((byte, i) => (address[i] = byte & (mask[i] ?? 0)));
  const expiresAt = Math.min(NOW_S + seconds, FOREVER);
  return { cidr: { family, address, prefix }, expiresAt, observed: false };
}

/** Long ago, now, within the kernel's 32 bits of milliseconds or past them. */
const seconds = fc.oneof(
  fc.integer({ min: -100, max: 100 }),
  fc.integer({ min: 0, max: 2 ** 32 }),
  fc.constant(FOREVER),
);

const entry = fc
  .constantFrom<Family>(4, 6)
  .chain((family) =>
    fc.tuple(
      fc.constant(family),
      fc.integer({ min: 0, max: bits(family) }),
      fc.uint8Array({ minLength: width(family), maxLength: width(family) }),
      seconds,
      fc.boolean(),
    ),
  )
  .map(([family, prefix, address, lasts, observed]) => ({
    ...entryOf(family, prefix, [...address], lasts),
    observed,
  }));

function expectSame(entries: readonly Entry[]): void {
  const blocks = packed(entries);
  const asBlocks = elementsOf((w) => {
    for (const block of blocks) addBlock(w, block, "a", NOW);
  });
  const asEntries = elementsOf((w) => {
    for (const group of grouped(entries)) addBans(w, group, "a", NOW);
  });
  expect(asBlocks).toEqual(asEntries);
}

/** The bytes of every element by its set, however many messages there are. */
function elementsOf(write: (w: MessageWriter) => void): Map<string, string[]> {
  const sets = new Map<string, string[]>();
  for (const { payload } of written(write)) {
    const list = find(attributes(payload), NFTA_SET_ELEM_LIST.ELEMENTS);
    const elements = Array.from(attributesIn(list ?? Buffer.alloc(0)), (each) =>
      each.bytes.toString("hex"),
    );
    const set = setOf(payload);
    sets.set(set, [...(sets.get(set) ?? []), ...elements]);
  }
  return sets;
}

const setOf = (payload: Buffer): string =>
  textOf(find(attributes(payload), NFTA_SET_ELEM_LIST.SET) ?? Buffer.alloc(0));

/** What follows the fixed part. */
const attributes = (payload: Buffer): Buffer => after(payload, 4);
