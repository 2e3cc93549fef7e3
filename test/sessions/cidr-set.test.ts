import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { covers, parseAddress, parseCidr } from "../../agent/model/cidr.js";
import { bits, cidrOf, maskOf, type Cidr } from "../../agent/model/cidr.js";
import { AddressSet, CidrSet } from "../../agent/sessions/cidr-set.js";

const address = (text: string) => parseAddress(text)!;

describe("suspects", () => {
  it("are the addresses within their ranges, of any length", () => {
    const suspects = new CidrSet(
      ["192.0.2.0/24", "198.51.100.7", "2001:db8::/33"].map(parseCidr),
    );
    for (const inside of [
      ...["192.0.2.0", "192.0.2.255", "198.51.100.7"],
      ...["2001:db8::", "2001:db8:7fff:ffff::1"],
    ]) {
      expect([inside, suspects.has(address(inside))]).toEqual([inside, true]);
    }
    for (const outside of [
      ...["192.0.3.0", "198.51.100.6", "2001:db8:8000::", "::192.0.2.1"],
    ]) {
      expect([outside, suspects.has(address(outside))]).toEqual([
        outside,
        false,
      ]);
    }
  });

  it("are everybody, or nobody", () => {
    expect(new CidrSet("all").has(address("::1"))).toBe(true);
    expect(new CidrSet([]).has(address("::1"))).toBe(false);
    const allOfFour = new CidrSet([parseCidr("0.0.0.0/0")]);
    expect(allOfFour.has(address("203.0.113.1"))).toBe(true);
    expect(allOfFour.has(address("::1"))).toBe(false);
  });

  it("agree with what their ranges cover, whatever they are", () => {
    const range = fc
      .oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4, max: 3 }),
        fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 }),
      )
      .chain((bytes) =>
        fc
          .integer({ min: 0, max: bytes.length * 8 })
          .map((prefix) => masked(bytes, prefix)),
      );
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), range, (ranges, one) => {
        const single = cidrOf(one.address, bits(one.family));
        expect(new CidrSet(ranges).has(one.address)).toBe(
          ranges.some((each) => covers(each, single)),
        );
      }),
    );
  });
});

describe("a set of addresses", () => {
  it("has those that were put into it", () => {
    const own = new AddressSet(["255.255.255.255", "fe80::1"].map(address));
    expect(own.has(address("255.255.255.255"))).toBe(true);
    expect(own.has(address("fe80::1"))).toBe(true);
    expect(own.has(address("fe80::2"))).toBe(false);
    expect(own.has(address("127.255.255.255"))).toBe(false);
  });
});

function masked(bytes: Uint8Array, prefix: number): Cidr {
  const mask = maskOf(bytes.length === 4 ? 4 : 6, prefix);
  return cidrOf(
    bytes.map((byte, i) => byte & (mask[i] ?? 0)),
    prefix,
  );
}
