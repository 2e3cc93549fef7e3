import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DEFAULT_POSTURE } from "../../agent/enforce/enforcer.js";
import { planOf } from "../../agent/enforce/nftables/change.js";
import { rulesOf } from "../../agent/enforce/nftables/rules/rules.js";
import { collapse } from "../../agent/enforce/nftables/sets/allow.js";
import {
  BANDS,
  areasOf,
  bandsOf,
} from "../../agent/enforce/nftables/sets/areas.js";
import type { Placed } from "../../agent/enforce/nftables/sets/elements.js";
import {
  decodeForeign,
  decodeLabel,
  encodeLabel,
} from "../../agent/enforce/nftables/sets/label.js";
import {
  layoutOf,
  noLengths,
  type Layout,
} from "../../agent/enforce/nftables/sets/layout.js";
import {
  covers,
  formatCidr,
  maskOf,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { documented } from "../support/kernel/nft-document.js";
import { nftText } from "../support/kernel/nft-text.js";

describe("the layout", () => {
  it("is that of the generation with a label", () => {
    const sets = [
      ...["ban4_32_a", "ban4_24_b", "ban6_64_b", "watch4_30_b"],
      ...["area4_6to32_a", "allow4"],
    ];
    expect(layoutOf([...sets, "label_b"])).toEqual({
      generation: "b",
      lengths: {
        ban: { 4: new Set([24]), 6: new Set([64]) },
        watch: { 4: new Set([30]), 6: new Set() },
      },
    });
    expect(layoutOf([...sets, "label_a"])).toEqual({
      generation: "a",
      lengths: { ...noLengths(), ban: { 4: new Set([32]), 6: new Set() } },
    });
  });

  it("is none without a label: half-built, or somebody else's", () => {
    expect(layoutOf(["ban4_32_a", "area4_6to32_a"])).toBeUndefined();
    expect(layoutOf([])).toBeUndefined();
  });

  it("prints its rules as nft does", () => {
    const document = new URL("../../../docs/ruleset.md", import.meta.url);
    const printed = documented(readFileSync(document, "utf8"));
    const rules = rulesIn({
      ban: { 4: new Set([32, 24]), 6: new Set([64]) },
      watch: { 4: new Set([32]), 6: new Set() },
    });
    for (const [chain, texts] of rules) {
      const listed = printed.get(`chain ${chain}`)?.replaceAll(/ \\\n +/g, " ");
      const lines = listed?.split("\n").map((line) => line.trim()) ?? [];
      const ours = lines.filter((line) => !/^chain |^type |^\}$/.test(line));
      expect(texts).toEqual(ours);
    }
  });

  it("looks at the areas only where that spares look-ups", () => {
    const checks = (...lengths: number[]) => {
      const ban = { 4: new Set(lengths), 6: new Set<number>() };
      const rules = rulesIn({ ...noLengths(), ban });
      return Object.fromEntries(
        [...rules].filter(([chain]) => /^(prerouting|in4_.*)$/.test(chain)),
      );
    };
    const [lo, to] = ['iif "lo" accept', "goto banned_in4"];
    expect(checks()).toEqual({ prerouting: [lo] });
    expect(checks(32)).toEqual({
      prerouting: [lo, `ip saddr @ban4_32_a ${to}`],
    });
    expect(checks(32, 5)).toEqual({
      prerouting: [
        lo,
        `ip saddr & 248.0.0.0 == @ban4_5_a ${to}`,
        `ip saddr @ban4_32_a ${to}`,
      ],
    });
    expect(checks(32, 24)).toEqual({
      prerouting: [
        lo,
        "ip saddr & 255.255.0.0 == @area4_6to32_a jump in4_6to32",
      ],
      in4_6to32: [
        `ip saddr @ban4_32_a ${to}`,
        `ip saddr & 255.255.255.0 == @ban4_24_a ${to}`,
      ],
    });
    expect(checks(24, 23)).toEqual({
      prerouting: [
        lo,
        "ip saddr & 255.255.255.0 == @area4_23to24_a jump in4_23to24",
      ],
      in4_23to24: [
        `ip saddr & 255.255.255.0 == @ban4_24_a ${to}`,
        `ip saddr & 255.255.254.0 == @ban4_23_a ${to}`,
      ],
    });
  });

  it("looks at areas within areas where both spare look-ups", () => {
    const ban = { 4: new Set([32, 24, 23, 8]), 6: new Set<number>() };
    const rules = rulesIn({ ...noLengths(), ban });
    expect(rules.get("in4_6to32")).toEqual([
      "ip saddr @ban4_32_a goto banned_in4",
      "ip saddr & 255.255.0.0 == @area4_6to31_a jump in4_6to31",
    ]);
    expect(rules.get("in4_6to31")).toEqual([
      "ip saddr & 255.0.0.0 == @ban4_8_a goto banned_in4",
      "ip saddr & 255.255.255.0 == @area4_23to24_a jump in4_23to24",
    ]);
    expect(rules.get("in4_23to24")).toEqual([
      "ip saddr & 255.255.255.0 == @ban4_24_a goto banned_in4",
      "ip saddr & 255.255.254.0 == @ban4_23_a goto banned_in4",
    ]);
  });
});

/** The rules of every chain, as nft prints them. */
function rulesIn(lengths: Layout["lengths"]): ReadonlyMap<string, string[]> {
  const rules = rulesOf(
    { generation: "a", lengths },
    { posture: DEFAULT_POSTURE, fib: true, log: true, limit: true },
  );
  return new Map(
    Array.from(rules, ([chain, each]) => [chain, each.map(nftText)]),
  );
}

describe("the areas of bans", () => {
  const BYTES = { 4: 4, 6: 16 } as const;
  const networkOf = (address: Uint8Array, family: 4 | 6, prefix: number) => {
    const mask = maskOf(family, prefix);
    return address.map((byte, i) => byte & (mask[i] ?? 0));
  };
  const place = fc.constantFrom(4 as const, 6 as const).chain((family) =>
    fc.record({
      family: fc.constant(family),
      prefix: fc.integer({
        min: family === 4 ? 6 : 13,
        max: 8 * BYTES[family],
      }),
      address: fc.uint8Array({
        minLength: BYTES[family],
        maxLength: BYTES[family],
      }),
      other: fc.uint8Array({
        minLength: BYTES[family],
        maxLength: BYTES[family],
      }),
    }),
  );

  it("hold every address of a ban, in each of its bands", () => {
    fc.assert(
      fc.property(place, ({ family, prefix, address, other }) => {
        const mask = maskOf(family, prefix);
        const banned = address.map((byte, i) => {
          const ours = mask[i] ?? 0;
          return (byte & ours) | ((other[i] ?? 0) & ~ours);
        });
        const network = networkOf(address, family, prefix);
        const cidr = { family, address: network, prefix };
        const bands = bandsOf({ kind: "ban", family, prefix });
        expect(bands[0]).toBe(BANDS[family]);
        for (const band of bands) {
          const area = Buffer.from(networkOf(banned, family, band.area));
          const areas = areasOf(band, cidr).map((each) => Buffer.from(each));
          expect(areas.filter((each) => each.equals(area))).toHaveLength(1);
          expect(areas).toHaveLength(2 ** Math.max(0, band.area - prefix));
        }
      }),
    );
  });

  it("are at most 2,048 for one ban", () => {
    for (const family of [4, 6] as const) {
      for (const { shortest, area } of bandsOf({
        kind: "ban",
        family,
        prefix: BANDS[family].shortest,
      })) {
        expect(2 ** (area - shortest)).toBeLessThanOrEqual(2_048);
      }
    }
  });

  it("are none for what is merely observed", () => {
    expect(bandsOf({ kind: "watch", family: 4, prefix: 24 })).toEqual([]);
  });
});

describe("a plan", () => {
  const NOW = 1_000_000;
  const entry = (range: string, expiresAt: number) => ({
    cidr: parseCidr(range),
    expiresAt,
    observed: false,
  });
  const plan = (put: ReturnType<typeof entry>[], remove: string[] = []) => {
    const ban = { 4: new Set([32]), 6: new Set<number>() };
    const watch = { 4: new Set([32]), 6: new Set<number>() };
    const lengths = { ban, watch };
    const change = { revision: 2, put, remove: remove.map(parseCidr) };
    return planOf(change, { generation: "a", lengths }, NOW);
  };

  const places = (placed: readonly Placed[]) =>
    placed.map(({ kind, cidr }) => `${kind} ${formatCidr(cidr)}`);

  it("names every range once, with the last word on its expiry", () => {
    const { put } = plan([
      entry("192.0.2.1", 2_000),
      entry("192.0.2.1", 3_000),
    ]);
    expect(put).toEqual([entry("192.0.2.1", 3_000)]);
  });

  it("removes what has expired by now", () => {
    const { put, remove } = plan([entry("192.0.2.1", 1_000)]);
    expect(put).toEqual([]);
    expect(places(remove)).toEqual(["ban 192.0.2.1", "watch 192.0.2.1"]);
  });

  it("lets a ban win over its own removal", () => {
    const { put, remove } = plan([entry("192.0.2.1", 2_000)], ["192.0.2.1"]);
    expect(put).toHaveLength(1);
    expect(places(remove)).toEqual(["watch 192.0.2.1"]);
  });

  it("has a range dropped and observed at once, or only one of them", () => {
    const dropped = entry("192.0.2.1", 2_000);
    const observed = { ...dropped, observed: true, expiresAt: 3_000 };
    expect(plan([dropped, observed])).toMatchObject({
      put: [dropped, observed],
      remove: [],
    });
    const { put, remove } = plan([observed]);
    expect(put).toEqual([observed]);
    expect(places(remove)).toEqual(["ban 192.0.2.1"]);
  });

  it("leaves removals out that have no set, and adds sets for new lengths", () => {
    const { remove, added, layout } = plan(
      [entry("198.51.100.0/24", 2_000), entry("2001:db8::/48", 2_000)],
      ["10.0.0.0/8"],
    );
    expect(remove).toEqual([]);
    expect(added.ban).toEqual({ 4: new Set([24]), 6: new Set([48]) });
    expect(layout.lengths.ban[4]).toEqual(new Set([32, 24]));
  });
});

describe("protected ranges", () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([last, prefix]): Cidr => {
      const address = Uint8Array.of(192, 0, 2, last).map(
        (byte, i) => byte & (maskOf(4, prefix)[i] ?? 0),
      );
      return { family: 4, address, prefix };
    });

  it("collapse to ranges apart that have the same addresses", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
        const merged = collapse(4, ranges);
        for (const [i, next] of merged.entries()) {
          expect(next.end > next.start).toBe(true);
          expect(i === 0 || next.start > (merged[i - 1]?.end ?? 0n)).toBe(true);
        }
        const base = 0xc0000200n;
        for (let last = 0; last < 256; last++) {
          const single = parseCidr(`192.0.2.${last}`);
          const value = base + BigInt(last);
          expect(merged.some((m) => m.start <= value && value < m.end)).toBe(
            ranges.some((outer) => covers(outer, single)),
          );
        }
      }),
    );
  });

  it("may be everything", () => {
    expect(collapse(6, [parseCidr("::/0"), parseCidr("::1")])).toEqual([
      { start: 0n, end: 1n << 128n },
    ]);
  });
});

describe("a label", () => {
  it("reads back as it was written", () => {
    const label = fc.record({
      ledger: fc.integer({ min: 0, max: 0xffff_ffff }),
      revision: fc.maxSafeNat(),
      posture: fc.record({
        mode: fc.constantFrom("enforce" as const, "observe" as const),
        egress: fc.constantFrom("drop" as const, "reject" as const),
      }),
    });
    fc.assert(
      fc.property(label, (written) => {
        expect(decodeLabel(Buffer.from(encodeLabel(written)))).toEqual(written);
      }),
    );
  });

  it("is none where another version of the layout has left it", () => {
    const label = { ledger: 1, revision: 2, posture: DEFAULT_POSTURE };
    const key = Buffer.from(encodeLabel(label));
    key[13] = 99;
    expect(decodeLabel(key)).toBeUndefined();
    expect(decodeForeign(key)).toEqual(label);
    for (const noise of [key.subarray(0, 12), Buffer.alloc(16)]) {
      expect(decodeLabel(noise)).toBeUndefined();
      expect(decodeForeign(noise)).toBeUndefined();
    }
  });
});
