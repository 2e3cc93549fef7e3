import { afterAll, beforeAll, expect, it } from "@jest/globals";
import {
  array,
  constantFrom,
  integer,
  nat,
  oneof,
  sample,
  tuple,
  uint8Array,
  type Arbitrary,
} from "fast-check";
import type { BanOp } from "../../agent/model/ban.js";
import {
  cidrOf,
  formatCidr,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { WhyView } from "../../service/control/why-view.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { receiptOf } from "../support/agent/world.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { ALLOWED, AT, BesiegedHost } from "../support/kernel/besieged-host.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const LISTS = 10_000;
const RANDOM_RANGES = 1_000_000;
const SEED = Number(process.env["TOURNIQUET_SEED"] ?? 20_261_125);

/** How many lists are under way at a time. */
const WINDOW = 50;

/** After so many lists packets are sent. */
const LOOK_AFTER = 1_000;

/** Everything is let through but what SECURITY.md says that no ban touches. */
const CONFIG = {
  guard: {
    allow: [ALLOWED],
    floor: { ipv4: 12, ipv6: 29 },
    unapproved: { ipv4: 12, ipv6: 29 },
    tiers: { publicResolvers: false, cdnEdges: false, tenantClouds: false },
    sessions: { ports: [7000] },
    limits: {
      ...{ share: 1, entries: 10_000_000, burst: 10_000_000 },
    },
    trial: { entries: 10_000_000, ipv4: 1, ipv6: 1 },
  },
};

describeInNamespace("whatever the cloud has a host ban", () => {
  const feed = new FakeFeed("urgent");
  let besieged: BesiegedHost;

  beforeAll(async () => {
    besieged = await BesiegedHost.start([feed.tail()], CONFIG);
    await besieged.protects(AT.admin);
  });

  afterAll(() => besieged[Symbol.asyncDispose]());

  it(`of ${LISTS} hostile lists (seed ${SEED}) holds what must be, and enforces the rest`, async () => {
    const lists = sample(hostileLists, { numRuns: LISTS, seed: SEED });
    for (let at = 0; at < lists.length; at += WINDOW) {
      await tryAll(lists.slice(at, at + WINDOW));
      if (at % LOOK_AFTER === 0) await mustReachAll();
    }
    await mustReachAll();
    const free = lists.flat().filter((cidr) => !mustBeHeld(cidr));
    await mustBeDropped(spread(free, 300));
  }, 600_000);

  it(`of ${RANDOM_RANGES} random ranges likewise`, async () => {
    const random = sample(anyRange, { numRuns: 4_096, seed: SEED });
    const free: Cidr[] = [];
    for (let left = RANDOM_RANGES; left > 0; left -= random.length) {
      const list = distinct(random.map((cidr) => moved(cidr, left)));
      const held = list.filter(mustBeHeld);
      besieged.link.push(feed.append(list.map(banOn)));
      const { offset } = feed.position;
      const receipt = await receiptOf(besieged.link, offset);
      expect(receipt.heldTotal).toBe(held.length);
      expect(receipt.banned).toBe(list.length - held.length);
      free.push(...list.filter((cidr) => !mustBeHeld(cidr)).slice(-1));
    }
    await mustReachAll();
    await mustBeDropped(free);
  }, 600_000);

  /** Of each list the receipt names exactly what must be held. */
  async function tryAll(lists: readonly (readonly Cidr[])[]): Promise<void> {
    const expected = new Map<number, readonly string[]>();
    for (const list of lists) {
      besieged.link.push(feed.append(list.map(banOn)));
      const held = list.filter(mustBeHeld).map(formatCidr);
      expected.set(feed.position.offset, held.sort());
    }
    const told = await besieged.receiptsUpTo(feed.position.offset);
    for (const [offset, held] of expected) {
      // Receipts that name nothing may be left out.
      const named = told.get(offset)?.held.map(({ range }) => range) ?? [];
      expect([offset, ...named.sort()]).toEqual([offset, ...held]);
    }
  }

  async function mustReachAll(): Promise<void> {
    expect(await besieged.unreached()).toEqual([]);
    expect(besieged.sessionLives).toBe(true);
  }

  async function mustBeDropped(cidrs: readonly Cidr[]): Promise<void> {
    expect(cidrs.length).toBeGreaterThan(50);
    for (const range of cidrs.map(formatCidr)) {
      const path = `/v1/why?range=${encodeURIComponent(range)}`;
      const { dropped } = await besieged.host.ask<WhyView>(path);
      expect([range, dropped]).toEqual([range, "yes"]);
    }
  }
});

const banOn = (cidr: Cidr): BanOp => ({ ...ban("192.0.2.1"), cidr });

// What follows is written from SECURITY.md's words, and knows nothing of the guard.

const NEEDED = [
  ...[AT.host[4], AT.host[6], AT.router[4], AT.router[6]],
  ...[AT.cloud, AT.resolver, AT.dhcp, AT.admin, ALLOWED],
  ...["127.0.0.0/8", "0.0.0.0", "::1", "::", "169.254.0.0/16", "fe80::/10"],
  ...["224.0.0.0/4", "255.255.255.255", "ff00::/8"],
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
  "fc00::/7",
  // The root servers of the DNS, and the best known resolvers.
  ...["198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13"],
  ...["192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53"],
  ...["192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42"],
  ...["202.12.27.33", "1.1.1.1", "8.8.8.8", "9.9.9.9"],
  ...["2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c"],
  ...["2001:500:2d::d", "2001:500:a8::e", "2001:500:2f::f"],
  ...["2001:500:12::d0d", "2001:500:1::53", "2001:7fe::53"],
  ...["2001:503:c27::2:30", "2001:7fd::1", "2001:500:9f::42", "2001:dc3::35"],
  ...["2606:4700:4700::1111", "2001:4860:4860::8888", "2620:fe::fe"],
].map((text) => span(parseCidr(text)));

const MAPPED = span({
  family: 6,
  prefix: 96,
  address: Buffer.from("00000000000000000000ffff00000000", "hex"),
});
const NAT64 = span(parseCidr("64:ff9b::/96"));
/** Nobody has said how its addresses are read. */
const LOCAL_USE = span(parseCidr("64:ff9b:1::/48"));

interface Span {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

function span({ family, address, prefix }: Cidr): Span {
  const first = BigInt(`0x${Buffer.from(address).toString("hex")}`);
  const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix);
  return { family, first, last: first + size - 1n };
}

const meet = (a: Span, b: Span): boolean =>
  a.family === b.family && a.first <= b.last && b.first <= a.last;

const inside = (inner: Span, outer: Span): boolean =>
  meet(inner, outer) && inner.first >= outer.first && inner.last <= outer.last;

function mustBeHeld(cidr: Cidr): boolean {
  if (cidr.prefix < (cidr.family === 4 ? 12 : 29)) return true;
  const range = span(cidr);
  if (NEEDED.some((needed) => meet(range, needed))) return true;
  if (inside(range, MAPPED)) return true;
  if (meet(range, LOCAL_USE) && cidr.prefix < 128) return true;
  if (!meet(range, NAT64)) return false;
  if (!inside(range, NAT64)) return true;
  const address = cidr.address.slice(12);
  return mustBeHeld({ family: 4, address, prefix: cidr.prefix - 96 });
}

// And this is what a cloud says that means harm, or has lost its mind.

const masked = (bytes: Uint8Array, prefix: number): Cidr => {
  const address = bytes.map((byte, i) => {
    const kept = Math.max(0, Math.min(8, prefix - 8 * i));
    return byte & (0xff00 >> kept) & 0xff;
  });
  return { family: bytes.length === 4 ? 4 : 6, address, prefix };
};

/** An IPv4 range, or as what IPv6 makes of it: mapped, NAT64, 6to4. */
const disguises = (bytes: Uint8Array, prefix: number): readonly Cidr[] => {
  const within = (head: string, tail: string, offset: number) => {
    const hex = head + Buffer.from(bytes).toString("hex") + tail;
    return masked(Buffer.from(hex, "hex"), offset + prefix);
  };
  return [
    masked(bytes, prefix),
    within("00000000000000000000ffff", "", 96),
    within("0064ff9b0000000000000000", "", 96),
    within("2002", "00".repeat(10), 16),
  ];
};

const victims = [
  ...[AT.host[4], AT.router[4], AT.cloud, AT.resolver, AT.admin],
  ...["127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "203.0.113.200"],
  ...["169.254.169.254", "10.0.0.1"],
].map((text) => parseCidr(text).address);

const victims6 = [
  AT.host[6],
  AT.router[6],
  "::1",
  "fe80::1",
  "ff02::1",
  "::",
].map((text) => parseCidr(text).address);

/** A range around somebody whom the host needs, or right beside one. */
const pointed: Arbitrary<Cidr> = oneof(
  tuple(constantFrom(...victims), nat(32), nat(3), nat(4)).map(
    ([address, prefix, disguise, beside]) =>
      disguises(nudged(address, beside), prefix)[disguise]!,
  ),
  tuple(constantFrom(...victims6), nat(128), nat(4)).map(
    ([address, prefix, beside]) => masked(nudged(address, beside), prefix),
  ),
);

/** So many addresses further on. */
function nudged(address: Uint8Array, by: number): Uint8Array {
  const next = Uint8Array.from(address);
  next[next.length - 1] = (next.at(-1)! + by) & 0xff;
  return next;
}

const anyRange: Arbitrary<Cidr> = oneof(
  tuple(
    uint8Array({ minLength: 4, maxLength: 4 }),
    integer({ min: 1, max: 32 }),
  ),
  tuple(
    uint8Array({ minLength: 16, maxLength: 16 }),
    integer({ min: 1, max: 128 }),
  ),
).map(([bytes, prefix]) => masked(bytes, prefix));

const EVERYTHING = [
  ["0.0.0.0/0"],
  ["::/0"],
  ["0.0.0.0/0", "::/0"],
  ["0.0.0.0/1", "128.0.0.0/1"],
  ["::/1", "8000::/1"],
  ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"],
  ["2000::/3", "fc00::/7", "fe80::/10"],
].map((list) => list.map(parseCidr));

const hostileLists: Arbitrary<readonly Cidr[]> = oneof(
  { arbitrary: constantFrom(...EVERYTHING), weight: 1 },
  {
    arbitrary: array(oneof(pointed, anyRange), { minLength: 1, maxLength: 8 }),
    weight: 19,
  },
).map(distinct);

function distinct(cidrs: readonly Cidr[]): readonly Cidr[] {
  const known = new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr]));
  return [...known.values()].map(({ address, prefix }) =>
    cidrOf(address, prefix),
  );
}

/** The same kind of range elsewhere: a multiplication permutes its bytes. */
function moved({ address, prefix }: Cidr, by: number): Cidr {
  const bytes = address.map((byte, i) => byte + Math.imul(by + i, 0x9e3779b1));
  return masked(bytes, prefix);
}

const spread = <T>(all: readonly T[], count: number): T[] =>
  all.filter((_, i) => i % Math.max(1, Math.floor(all.length / count)) === 0);
