import { BlockList, isIP } from "node:net";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  InvalidCidr,
  cidrOf,
  compareCidrs,
  covers,
  formatAddress,
  formatCidr,
  isMapped,
  maskOf,
  overlaps,
  parseAddress,
  parseCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { cidrs } from "../protocol/arbitraries.js";

const RUNS = { numRuns: 2_000 };

describe("reading a range", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::/0", "::/0"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:db8:0:0:0:0:0:1/128", "2001:db8::1"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["2001:db8::192.0.2.7", "2001:db8::c000:207"],
  ])("takes %s as %s", (text, canonical) => {
    expect(formatCidr(parseCidr(text))).toBe(canonical);
  });

  it.each([
    ["", "is not an IP address"],
    ["localhost", "is not an IP address"],
    ["192.0.2", "is not an IP address"],
    ["192.0.2.256", "is not an IP address"],
    ["192.0.2.07", "is not an IP address"],
    ["192.0.2.7 ", "is not an IP address"],
    ["0xc0.0.2.7", "is not an IP address"],
    ["1:2:3:4:5:6:7", "is not an IP address"],
    ["1:2:3:4:5:6:7:8:9", "is not an IP address"],
    ["1:2:3:4:5:6:7::8", "is not an IP address"],
    ["1::2::3", "is not an IP address"],
    [":::", "is not an IP address"],
    ["12345::", "is not an IP address"],
    ["192.0.2.7::", "is not an IP address"],
    ["::192.0.2.7:1", "is not an IP address"],
    ["fe80::1%eth0", "is not an IP address"],
    ["[2001:db8::1]", "is not an IP address"],
    ["192.0.2.7/", "needs a prefix length from 0 to 32"],
    ["192.0.2.7/33", "needs a prefix length from 0 to 32"],
    ["192.0.2.7/-1", "needs a prefix length from 0 to 32"],
    ["192.0.2.7/032", "needs a prefix length from 0 to 32"],
    ["192.0.2.0/24/24", "needs a prefix length from 0 to 32"],
    ["192.0.2.0/255.255.255.0", "needs a prefix length from 0 to 32"],
    ["2001:db8::/129", "needs a prefix length from 0 to 128"],
    ["192.0.2.7/24", "did you mean 192.0.2.0/24?"],
    ["2001:db8::1/64", "did you mean 2001:db8::/64?"],
    ["::ffff:192.0.2.7", "write 192.0.2.7"],
    ["::ffff:c000:200/120", "write 192.0.2.0/24"],
    ["1".repeat(65), "is too long"],
  ])('refuses "%s": %s', (text, problem) => {
    expect(() => parseCidr(text)).toThrow(InvalidCidr);
    expect(() => parseCidr(text)).toThrow(problem);
  });

  it.each([
    ["192.0.2.7/24", "192.0.2.0/24"],
    ["2001:db8::1/64", "2001:db8::/64"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7/120", "192.0.2.0/24"],
    ["::ffff:0:0/95", "::fffe:0:0/95"],
  ])("from a list takes %s as %s", (text, canonical) => {
    expect(formatCidr(parseListedCidr(text))).toBe(canonical);
  });

  it("takes the addresses that node:net takes, and no others", () => {
    const texts = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.string({
        unit: fc.constantFrom("0", "1", "7", "af", ":", "."),
        maxLength: 24,
      }),
      fc
        .array(fc.constantFrom("", "::", ":", "1", "ffff", "192.0.2.7", "0"), {
          maxLength: 16,
        })
        .map((parts) => parts.join("")),
      fc
        .tuple(fc.ipV6(), fc.nat(20), fc.constantFrom(":", "::", ".", "0", ""))
        .map(([text, at, add]) => text.slice(0, at) + add + text.slice(at + 1)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const family = { 4: 4, 16: 6 }[parseAddress(text)?.length ?? 0] ?? 0;
        expect([text, family]).toEqual([text, isIP(text)]);
      }),
      { numRuns: 20_000 },
    );
  });

  it("brings back every range that was written", () => {
    fc.assert(
      fc.property(cidrs, (cidr) => {
        fc.pre(!isMapped(cidr));
        expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
      }),
      RUNS,
    );
  });
});

describe("writing an address", () => {
  it.each([
    ["2001:0db8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    [
      "2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:1",
      "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",
    ],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
  ])("shortens %s to %s (RFC 5952)", (text, short) => {
    expect(formatAddress(parseAddress(text)!)).toBe(short);
  });

  it("agrees with how URLs write IPv6 hosts", () => {
    const sparse = fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xab, 0xff), {
        minLength: 16,
        maxLength: 16,
      })
      .map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(sparse, (address) => {
        const long = Buffer.from(address).toString("hex").match(/..../g)!;
        const { hostname } = new URL(`http://[${long.join(":")}]/`);
        expect(`[${formatAddress(address)}]`).toBe(hostname);
      }),
      RUNS,
    );
  });
});

describe("ranges beside ranges", () => {
  it("hold an address exactly when node:net's block list does", () => {
    fc.assert(
      fc.property(cidrs, neighbour, (range, pick) => {
        const inner = pick(range);
        fc.pre(!isMapped(inner));
        const list = new BlockList();
        const family = range.family === 4 ? "ipv4" : "ipv6";
        list.addSubnet(formatAddress(range.address), range.prefix, family);
        const listed = list.check(formatAddress(inner.address), family);
        expect(covers(range, inner)).toBe(listed);
      }),
      RUNS,
    );
  });

  it("overlap when one covers the other, whichever way round", () => {
    fc.assert(
      fc.property(cidrs, cidrs, (a, b) => {
        expect(overlaps(a, b)).toBe(covers(a, b) || covers(b, a));
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        expect(covers(a, a)).toBe(true);
      }),
      RUNS,
    );
  });

  it.each([
    ["192.0.2.0/24", "192.0.2.7", true],
    ["192.0.2.0/25", "192.0.2.128", false],
    ["192.0.2.7", "192.0.2.0/24", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "203.0.113.9", false],
    ["2001:db8::/33", "2001:db8:8000::", false],
  ])("%s covers %s: %s", (outer, inner, covered) => {
    expect(covers(parseCidr(outer), parseCidr(inner))).toBe(covered);
  });

  it("are ordered by address, then from wide to narrow", () => {
    const texts = ["198.51.100.0/24", "192.0.2.0/25", "192.0.2.0/24"];
    const ordered = texts.map(parseCidr).sort(compareCidrs).map(formatCidr);
    expect(ordered).toEqual([
      "192.0.2.0/24",
      "192.0.2.0/25",
      "198.51.100.0/24",
    ]);
  });

  /** An address near the range: within it, beside it, or anywhere. */
  const neighbour = fc
    .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(129))
    .map(([noise, flipped]) => (range: Cidr): Cidr => {
      const mask = maskOf(range.family, range.prefix);
      const address = range.address.map(
        (byte, i) => byte | (noise[i]! & ~mask[i]!),
      );
      const bit = flipped % (address.length * 8);
      if (flipped % 2) address[bit >> 3]! ^= 0x80 >> (bit & 7);
      return cidrOf(address, address.length * 8);
    });
});

describe("making a range", () => {
  it("refuses host bits, odd prefixes and odd addresses", () => {
    const address = Uint8Array.from([192, 0, 2, 7]);
    expect(() => cidrOf(address, 31)).toThrow("has host bits set");
    expect(() => cidrOf(address, 33)).toThrow("needs a prefix length");
    expect(() => cidrOf(address, 1.5)).toThrow("needs a prefix length");
    expect(() => cidrOf(address.subarray(1), 8)).toThrow("not an IP address");
  });

  it.each([
    [0, "00000000"],
    [1, "80000000"],
    [9, "ff800000"],
    [31, "fffffffe"],
    [32, "ffffffff"],
  ])("knows the mask of /%d", (prefix, mask) => {
    expect(Buffer.from(maskOf(4, prefix)).toString("hex")).toBe(mask);
  });

  it.each([
    ["::ffff:0:0/96", true],
    ["::ffff:c000:207/128", true],
    ["::ffff:0:0/95", false],
    ["::fffe:c000:207/128", false],
    ["192.0.2.7", false],
  ])("knows whether IPv4 hides in %s", (text, hidden) => {
    const [address = "", prefix = "32"] = text.split("/");
    const raw = parseAddress(address)!;
    const mask = maskOf(raw.length === 4 ? 4 : 6, Number(prefix));
    const cidr = cidrOf(
      raw.map((byte, i) => byte & mask[i]!),
      Number(prefix),
    );
    expect(isMapped(cidr)).toBe(hidden);
  });
});
