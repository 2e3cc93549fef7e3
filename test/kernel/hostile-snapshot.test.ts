import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import type { BanOp } from "../../agent/model/ban.js";
import { formatCidr, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import type { AgentMessage } from "../../agent/protocol/messages.js";
import { randomFrom } from "../../scripts/kill/random.js";
import { sh } from "../../scripts/lab/namespace.js";
import { reaches } from "../../scripts/lab/prober.js";
import type { WhyView } from "../../service/control/why-view.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { believed, receiptOf } from "../support/agent/world.js";
import { FakeFeed, handsOut } from "../support/cloud/fake-cloud.js";
import { ALLOWED, AT, BesiegedHost } from "../support/kernel/besieged-host.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

const RANGES = 100_000;
const SEED = Number(process.env["TOURNIQUET_SEED"] ?? 20_261_125);

/** Somebody whom nobody needs. */
const STRANGER = "198.18.7.7";

/** Nothing is held but for what it is. */
const guard = {
  allow: [ALLOWED],
  unapproved: { ipv4: 12, ipv6: 29 },
  tiers: { publicResolvers: false, cdnEdges: false, tenantClouds: false },
  sessions: { ports: [7000] },
  limits: {
    ...{ share: 1, entries: 10_000_000, burst: 10_000_000, growth: 1_000 },
    changesPerMinute: 10_000_000,
  },
  trial: { entries: 10_000_000, ipv4: 1, ipv6: 1 },
};

describeInNamespace("a hostile snapshot", () => {
  const feed = new FakeFeed("reputation");
  let besieged: BesiegedHost;

  beforeAll(async () => {
    besieged = await BesiegedHost.start([feed.tail()], { guard });
    await Promise.all([AT.admin, AT.dhcp].map((at) => besieged.protects(at)));
    besieged.link.push(feed.append([ban("198.18.9.9")]));
    await receiptOf(besieged.link, 1);
    await sh(`ip addr add ${STRANGER}/32 dev lo`);
  });

  afterAll(async () => {
    await besieged[Symbol.asyncDispose]();
    await sh(`ip addr del ${STRANGER}/32 dev lo`);
  });

  it("is not believed in anything, should it ban what no list bans", async () => {
    besieged.link.say({ type: "resync", feed: "reputation", reason: "lag" });
    for (const range of ["0.0.0.0/0", "::/0", "128.0.0.0/1", "198.41.0.0/16"]) {
      await heard("resume");
      offer([ban(range), ban(STRANGER)]);
      const { code } = await heard("refusal");
      expect([range, code]).toEqual([range, "implausible"]);
    }
    expect(await comesThrough()).toBe(true);
    expect(await isDropped("198.18.9.9")).toBe("yes");
  });

  it(`of ${RANGES} random ranges (seed ${SEED}) is in force, but for what must be held`, async () => {
    const list = hostileList(randomFrom(SEED));
    const free = list.filter((cidr) => !mustBeHeld(cidr));
    expect(free.length).toBeLessThan(list.length);
    await heard("resume");
    offer(list.map((cidr) => ({ ...ban("::1"), cidr })));
    await until("an answer", () => says("receipt") || says("refusal"), 300_000);
    expect(says("refusal")).toBe(false);
    expect(believed(await heard("receipt"))).toMatchObject({
      position: { offset: feed.position.offset },
      banned: free.length,
      heldTotal: list.length - free.length,
    });
    expect(await comesThrough()).toBe(false);
    const step = Math.floor(free.length / 200);
    for (let i = 0; i < free.length; i += step) {
      const range = formatCidr(free[i]!);
      expect([range, await isDropped(range)]).toEqual([range, "yes"]);
    }
    expect(await besieged.unreached()).toEqual([]);
    expect(besieged.sessionLives).toBe(true);
  }, 600_000);

  /** Answers a resume with a snapshot of where the feed stands one op later. */
  function offer(bans: readonly BanOp[]): void {
    feed.append([ban("198.18.9.10")]);
    const bytes = feed.snapshot(bans);
    besieged.cloud.serve = handsOut(bytes);
    besieged.link.say({ type: "plan", plans: [feed.snapshotPlan(bytes)] });
  }

  /** The next message of the type; a large snapshot takes its time. */
  async function heard<T extends AgentMessage["type"]>(type: T) {
    await until(`a ${type}`, () => says(type), 300_000);
    return besieged.link.find(type);
  }

  const says = (type: AgentMessage["type"]) =>
    besieged.link.untaken.some((each) => each.type === type);

  const comesThrough = () =>
    reaches({ protocol: "tcp", from: STRANGER, to: AT.host[4], port: 7000 });

  const isDropped = (range: string) => droppedOn(besieged, range);
});

describeInNamespace(
  "ranges around what is protected, where they are split",
  () => {
    const feed = new FakeFeed("urgent");
    let besieged: BesiegedHost;

    beforeEach(async () => {
      const config = { guard: { ...guard, around: "split" } };
      besieged = await BesiegedHost.start([feed.tail()], config);
      await Promise.all([AT.admin, AT.dhcp].map((at) => besieged.protects(at)));
    });

    afterEach(() => besieged[Symbol.asyncDispose]());

    it("leave the host all that it needs, and drop the rest of them", async () => {
      const around = victims.flatMap((address) => everyRangeAround(address));
      for (let at = 0; at < around.length; at += 1_000) {
        const ops = around.slice(at, at + 1_000);
        besieged.link.push(feed.append(ops.map((range) => ban(range))));
      }
      await receiptOf(besieged.link, feed.position.offset);
      expect(await besieged.unreached()).toEqual([]);
      expect(besieged.sessionLives).toBe(true);
      for (const needed of victims) {
        expect([needed, await droppedOn(besieged, needed)]).not.toContain(
          "yes",
        );
      }
      for (const beside of ["198.51.100.54", "203.0.113.23", "192.0.2.77"]) {
        expect([beside, await droppedOn(besieged, beside)]).toContain("yes");
      }
    });
  },
);

async function droppedOn(
  { host }: BesiegedHost,
  range: string,
): Promise<WhyView["dropped"]> {
  const path = `/v1/why?range=${encodeURIComponent(range)}`;
  return (await host.ask<WhyView>(path)).dropped;
}

const victims: readonly string[] = [
  ...[AT.host[4], AT.host[6], AT.router[4], AT.router[6]],
  ...[AT.cloud, AT.resolver, AT.dhcp, AT.admin],
];

/** Of every length, itself included. */
function everyRangeAround(text: string): readonly string[] {
  const { family, address } = parseCidr(text);
  const bits = address.length * 8;
  return Array.from({ length: bits }, (_, i) =>
    formatCidr({ family, prefix: i + 1, address: cut(address, i + 1) }),
  );
}

function cut(address: Uint8Array, prefix: number): Uint8Array {
  return address.map(
    (byte, i) => byte & (0xff00 >> Math.max(0, Math.min(8, prefix - 8 * i))),
  );
}

/** Different ranges, none of which touches a root server or a great resolver. */
function hostileList(random: () => number): readonly Cidr[] {
  const found = new Map<string, Cidr>();
  const add = (cidr: Cidr) => void found.set(formatCidr(cidr), cidr);
  for (const range of victims.flatMap(everyRangeAround).map(parseCidr)) {
    if (range.prefix >= (range.family === 4 ? 16 : 32)) add(range);
  }
  add(parseCidr(STRANGER));
  while (found.size < RANGES) {
    const range = random() < 0.8 ? randomIpv4(random) : randomIpv6(random);
    if (isNarrow(range) && !FAMOUS.has(range.address[0] ?? 0)) add(range);
  }
  return [...found.values()];
}

const isNarrow = ({ family, prefix }: Cidr) =>
  prefix >= (family === 4 ? 9 : 17);

/** First bytes of the addresses that make a snapshot implausible. */
const FAMOUS = new Set([
  ...[198, 170, 192, 199, 193, 202, 1, 8, 9],
  ...[0x20, 0x26, 0x28], // of IPv6, and of IPv4 that nobody will miss here
]);

function randomIpv4(random: () => number): Cidr {
  const bytes = Uint8Array.from({ length: 4 }, () => random() * 256);
  const prefix = 32 - Math.floor(24 * random() ** 3);
  return { family: 4, prefix, address: cut(bytes, prefix) };
}

function randomIpv6(random: () => number): Cidr {
  const bytes = Uint8Array.from({ length: 16 }, () => random() * 256);
  bytes[0] = 0x2a;
  const prefix = 17 + Math.floor(112 * random());
  return { family: 6, prefix, address: cut(bytes, prefix) };
}

/** Written from SECURITY.md's words; knows nothing of the guard. */
function mustBeHeld(cidr: Cidr): boolean {
  if (cidr.prefix < (cidr.family === 4 ? 12 : 29)) return true;
  return NEEDED.some(
    ({ family, first, last }) =>
      family === cidr.family &&
      Buffer.compare(cidr.address, last) <= 0 &&
      Buffer.compare(first, lastOf(cidr)) <= 0,
  );
}

const lastOf = ({ address, prefix }: Cidr): Uint8Array =>
  address.map(
    (byte, i) => byte | (0xff >> Math.max(0, Math.min(8, prefix - 8 * i))),
  );

const NEEDED = [
  ...[...victims, ALLOWED, "127.0.0.0/8", "0.0.0.0", "169.254.0.0/16"],
  ...["224.0.0.0/4", "255.255.255.255", "10.0.0.0/8", "172.16.0.0/12"],
  ...["192.168.0.0/16", "100.64.0.0/10", "::", "::1", "fe80::/10", "ff00::/8"],
  "fc00::/7",
]
  .map(parseCidr)
  .map((cidr) => ({
    family: cidr.family,
    first: cidr.address,
    last: lastOf(cidr),
  }));
