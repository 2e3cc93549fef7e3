import { describe, expect, it, test } from "@jest/globals";
import {
  array,
  assert,
  constantFrom,
  integer,
  property,
  uint8Array,
} from "fast-check";
import type { GuardPolicy, HostFacts } from "../../agent/guard/facts.js";
import {
  holdingRule,
  protectedRanges,
  review,
  ruleNames,
} from "../../agent/guard/guard.js";
import { SENTINELS } from "../../agent/guard/sanity.js";
import {
  cidrOf,
  formatCidr,
  maskOf,
  overlaps,
  parseCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { NO_RANGES } from "../../agent/model/cidr-index.js";
import { ban, facts, lift, policy } from "../support/agent/agent-fixtures.js";

const ruleFor = (range: string) => holdingRule(parseCidr(range), facts, policy);

describe("the guard holds a ban", () => {
  test.each([
    ["this host", "192.0.2.10", "this-host"],
    ["a range around this host", "192.0.2.0/28", "this-host"],
    ["this host over IPv6", "2001:db8::10", "this-host"],
    ["a range around it over IPv6", "2001:db8::/64", "this-host"],
    ["loopback", "127.0.0.1", "loopback"],
    ["a part of loopback", "127.8.0.0/16", "loopback"],
    ["a range around loopback", "126.0.0.0/7", "loopback"],
    ["loopback over IPv6", "::1", "loopback"],
    ["no address", "0.0.0.0", "loopback"],
    ["no address over IPv6", "::", "loopback"],
    ["a neighbour without a router", "169.254.169.254", "link-local"],
    ["a range around link-local", "169.0.0.0/8", "link-local"],
    ["link-local over IPv6", "fe80::1", "link-local"],
    ["a range around it over IPv6", "fe00::/8", "link-local"],
    ["multicast", "224.0.0.251", "multicast"],
    ["all of multicast", "224.0.0.0/3", "multicast"],
    ["broadcast", "255.255.255.255", "multicast"],
    ["multicast over IPv6", "ff02::1", "multicast"],
    ["the router", "192.0.2.1", "default-gateway"],
    ["a range around the router", "192.0.2.0/30", "default-gateway"],
    ["the router over IPv6", "2001:db8::1", "default-gateway"],
    ["a resolver", "192.0.2.53", "dns-resolver"],
    ["a range around one", "192.0.2.52/30", "dns-resolver"],
    ["a resolver over IPv6", "2001:db8::53", "dns-resolver"],
    ["a DHCP server", "192.0.2.67", "dhcp-server"],
    ["who is logged in", "192.0.2.22", "live-session"],
    ["the cloud", "198.51.100.53", "the-cloud"],
    ["a range around the cloud", "198.51.0.0/16", "the-cloud"],
    ["the cloud over IPv6", "2001:db8:c::/48", "the-cloud"],
    ["what the customer allows", "203.0.113.200", "allowed-here"],
    ["exactly what the customer allows", "203.0.113.128/25", "allowed-here"],
    ["a range around it", "203.0.113.0/24", "allowed-here"],
    ["what is allowed over IPv6", "2001:db8:a:1::/64", "allowed-here"],
    ["a range wider than the floor", "16.0.0.0/11", "too-wide"],
    ["a wider range over IPv6", "2a00::/28", "too-wide"],
    ["everything", "0.0.0.0/0", "this-host"],
    ["everything over IPv6", "::/0", "this-host"],
    ["the lower half of everything", "0.0.0.0/1", "loopback"],
    ["the upper half of everything", "128.0.0.0/1", "this-host"],
    ["the upper half over IPv6", "8000::/1", "link-local"],
  ] as const)("on %s: %s by %s", (_what, range, rule) => {
    expect(ruleFor(range)).toBe(rule);
  });

  const strict: GuardPolicy = {
    ...{ ...policy, private: "protect" },
    tiers: { publicResolvers: true, cdnEdges: true, tenantClouds: true },
  };

  test.each([
    ["10.1.2.3", "private-range"],
    ["172.31.0.0/16", "private-range"],
    ["192.168.1.1", "private-range"],
    ["100.127.255.255", "private-range"],
    ["fd00::1", "private-range"],
    ["8.8.4.4", "public-resolver"],
    ["149.112.112.0/24", "public-resolver"],
    ["2620:fe::9", "public-resolver"],
    ["104.16.1.1", "cdn-edge"],
    ["151.100.0.0/15", "cdn-edge"],
    ["34.64.1.1", "tenant-cloud"],
  ] as const)("on %s by %s, where that is switched on", (range, rule) => {
    const cidr = parseCidr(range);
    expect(holdingRule(cidr, facts, strict)).toBe(rule);
    expect(holdingRule(cidr, facts, policy)).toBeUndefined();
    const kept = protectedRanges(facts, strict);
    expect(kept.some((each) => overlaps(each, cidr))).toBe(true);
  });

  test.each([
    ["64:ff9b::c000:20a", "this-host"],
    ["64:ff9b::c000:200/120", "this-host"],
    ["64:ff9b::c633:6435", "the-cloud"],
    ["64:ff9b::c633:0/112", "the-cloud"],
    ["64:ff9b::/96", "this-host"],
    ["64:ff9b::/64", "ipv4-in-ipv6"],
    ["64:ff98::/29", "ipv4-in-ipv6"],
    ["64:ff9b::1000:0/107", "too-wide"],
  ] as const)("on IPv4 as behind a NAT64: %s by %s", (range, rule) => {
    expect(ruleFor(range)).toBe(rule);
  });

  test.each([
    ["2001:db8:46:64::c000:20a", "this-host"],
    ["2001:db8:46:64::c633:0/112", "the-cloud"],
    ["2001:db8:46:64::1000:0/107", "too-wide"],
    ["2001:db8:46:64::/64", "ipv4-in-ipv6"],
    ["2001:db8:4600::/48", undefined],
    ["2001:db8:48:c000:2:a00::", "this-host"], // of a /48
    ["64:ff9b:1:2::/64", "ipv4-in-ipv6"],
    ["64:ff9b:1:2::1", undefined],
    ["2001:db8:46:64::cb00:7101", undefined],
  ] as const)(
    "on IPv4 as behind a translator of ours: %s by %s",
    (range, rule) => {
      const ours = ["2001:db8:46:64::/96", "2001:db8:48::/48"].map(parseCidr);
      const known = { ...policy, translators: ours };
      expect(holdingRule(parseCidr(range), facts, known)).toBe(rule);
      const kept = protectedRanges(facts, known).map(formatCidr);
      expect(kept).toContain("2001:db8:46:64::c633:6435");
      expect(kept).toContain("2001:db8:48:c633:64:3500::/88");
    },
  );

  it("lets an attacker be banned behind a NAT64, and the cloud be reached", () => {
    expect(ruleFor("64:ff9b::cb00:7101")).toBeUndefined();
    const kept = protectedRanges(facts, policy).map(formatCidr);
    expect(kept).toContain("64:ff9b::c633:6435");
    expect(kept).toContain("64:ff9b::cb00:7180/121");
  });

  it("on a range around a protected address, unless the kernel splits it", () => {
    const splitting: GuardPolicy = { ...policy, around: "split" };
    const rule = (range: string) =>
      holdingRule(parseCidr(range), facts, splitting);
    expect(rule("198.51.0.0/16")).toBeUndefined();
    expect(rule("192.0.2.0/30")).toBeUndefined();
    expect(rule("198.51.100.53")).toBe("the-cloud");
    expect(rule("203.0.113.192/26")).toBe("allowed-here");
    expect(rule("127.0.0.0/8")).toBe("loopback");
    expect(rule("16.0.0.0/10")).toBe("too-wide");
    const kept = protectedRanges(facts, splitting).map(formatCidr);
    expect(kept).toEqual(
      expect.arrayContaining(["198.51.100.53", "192.0.2.1"]),
    );
  });

  it("on IPv4 in the clothes of IPv6", () => {
    const mapped = Buffer.from("00000000000000000000ffffcb007107", "hex");
    expect(holdingRule(cidrOf(mapped, 128), facts, policy)).toBe(
      "ipv4-in-ipv6",
    );
  });

  it("on what was released, the local allow list first", () => {
    const released = ["203.0.113.0/24", "198.18.0.7"].map(parseCidr);
    const rule = (range: string) =>
      holdingRule(parseCidr(range), { ...facts, released }, policy);
    expect(rule("198.18.0.7")).toBe("released-here");
    expect(rule("203.0.113.7")).toBe("released-here");
    expect(rule("203.0.113.129")).toBe("allowed-here");
    expect(rule("198.18.0.8")).toBeUndefined();
  });

  it("on everything, whatever is known of the host", () => {
    const nothing: HostFacts = {
      ...{ own: [], gateways: [], resolvers: [], dhcpServers: [] },
      ...{ sessions: [], cloud: [], released: [] },
      ...{ allowed: NO_RANGES, ownBans: [] },
    };
    const rules = ["0.0.0.0/0", "::/0", "128.0.0.0/1"].map((range) =>
      holdingRule(parseCidr(range), nothing, { ...policy, allow: [] }),
    );
    expect(rules).toEqual(["loopback", "loopback", "link-local"]);
  });

  it("by the first rule in their order", () => {
    const everywhere = [parseCidr("127.0.0.1")];
    const all = { ...facts, own: everywhere, cloud: everywhere };
    expect(holdingRule(parseCidr("127.0.0.1"), all, policy)).toBe("this-host");
    expect(ruleNames[0]).toBe("this-host");
  });
});

describe("the guard lets pass", () => {
  test.each([
    "203.0.113.7",
    "192.0.2.11",
    "16.0.0.0/12",
    "2a00:8::/29",
    "2001:db8::11",
    "203.0.113.0/25",
    "128.0.0.1",
    "126.255.255.255",
    "240.0.0.0/12",
  ])("a ban on %s", (range) => {
    expect(ruleFor(range)).toBeUndefined();
  });

  it("every lift, of whatever range", () => {
    const lifts = ["0.0.0.0/0", "127.0.0.1", "192.0.2.10"].map(lift);
    expect(review(lifts, facts, policy)).toEqual(lifts);
  });
});

describe("a review", () => {
  it("marks what is held and leaves the rest as it was, in order", () => {
    const ops = [ban("203.0.113.7"), ban("10.0.0.0/8"), lift("10.0.0.0/8")];
    expect(review(ops, facts, policy)).toEqual([
      ops[0],
      { ...ops[1], held: "too-wide" },
      ops[2],
    ]);
  });

  it("never lets a ban touch what is protected, or be too wide", () => {
    assert(
      property(array(ranges, { maxLength: 20 }), (cidrs) => {
        const ops = cidrs.map((cidr) => ({ ...ban("192.0.2.99"), cidr }));
        for (const op of review(ops, facts, policy)) {
          if (op.op === "lift" || op.held !== undefined) continue;
          const { family, prefix } = op.cidr;
          expect(prefix).toBeGreaterThanOrEqual(policy.floor[family]);
          expect(touched(op.cidr)).toEqual([]);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the protected ranges", () => {
  it("are the host, its router, its cloud, the allowed, and the special", () => {
    expect(protectedRanges(facts, policy).map(formatCidr)).toEqual([
      ...["192.0.2.10", "2001:db8::10"],
      ...["192.0.2.1", "2001:db8::1"],
      ...["192.0.2.53", "2001:db8::53"],
      ...["192.0.2.67"],
      ...["192.0.2.22", "2001:db8::22"],
      ...["198.51.100.53", "2001:db8:c::53"],
      ...["203.0.113.128/25", "2001:db8:a::/48"],
      ...["64:ff9b::c000:235", "64:ff9b::c000:243", "64:ff9b::c000:216"],
      ...["64:ff9b::c633:6435", "64:ff9b::cb00:7180/121"],
      ...SENTINELS.map(formatCidr),
      ...["127.0.0.0/8", "0.0.0.0", "::1", "::"],
      ...["169.254.0.0/16", "fe80::/10"],
      ...["224.0.0.0/4", "255.255.255.255", "ff00::/8"],
    ]);
  });
});

const touched = (cidr: Cidr) =>
  protectedRanges(facts, policy).filter((range) => overlaps(range, cidr));

/** Any range, and often one beside or around what is protected. */
const ranges = integer({ min: 0, max: 128 }).chain((prefix) =>
  constantFrom(...protectedRanges(facts, policy)).chain((near) =>
    uint8Array({ minLength: 16, maxLength: 16 }).map((noise) => {
      const width = near.address.length;
      const fits = Math.min(prefix, width * 8);
      const mask = maskOf(near.family, Math.floor(fits / 2));
      const address = near.address.map(
        (byte, i) => (byte & mask[i]!) | (noise[i]! & ~mask[i]!),
      );
      return parseListedCidr(
        `${formatCidr(cidrOf(address, width * 8))}/${fits}`,
      );
    }),
  ),
);
