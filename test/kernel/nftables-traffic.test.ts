import { setTimeout as sleep } from "node:timers/promises";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import {
  formatCidr,
  maskOf,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { sh, type Namespace } from "../../scripts/lab/namespace.js";
import { reaches } from "../../scripts/lab/prober.js";
import { lasting, packed } from "../support/agent/entries.js";
import { hitsOf } from "../support/agent/hits.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  GUEST,
  HOST,
  PORT,
  PacketWorld,
  attackerOf,
  attempt,
  ban as banIn,
  freshEnforcer,
  lift as liftIn,
} from "../support/kernel/packet-world.js";

describeInNamespace("nftables and real packets", () => {
  let world: PacketWorld;
  let enforcer: Enforcer;
  let attacker: Namespace;
  let guest: Namespace;

  beforeAll(async () => {
    world = await PacketWorld.make();
    ({ attacker, guest } = world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  beforeEach(async () => {
    enforcer = await freshEnforcer();
  });
  afterEach(async () => {
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
  });

  const ban = (seconds: number, ...ranges: string[]) =>
    banIn(enforcer, seconds, ...ranges);
  const lift = (...ranges: string[]) => liftIn(enforcer, ...ranges);

  it.each([
    [4, ATTACKER[4]],
    [4, "10.9.0.0/24"],
    [4, "10.9.0.0/29"],
    [4, "10.0.0.0/8"],
    [6, ATTACKER[6]],
    [6, "2001:db8:9::/64"],
    [6, "2001:db8:8::/45"],
    [6, "2001::/16"],
  ] as const)("lets nothing in over IPv%i from %s", async (family, range) => {
    expect(await attacker.reaches(attempt(family))).toBe(true);
    await ban(60, range);
    for (const protocol of ["tcp", "udp"] as const) {
      expect(await attacker.reaches(attempt(family, { protocol }))).toBe(false);
    }
    await lift(range);
    expect(await attacker.reaches(attempt(family))).toBe(true);
    const protocol = "udp";
    expect(await attacker.reaches(attempt(family, { protocol }))).toBe(true);
  });

  it("tells lengths apart that share an area", async () => {
    await ban(60, "10.9.0.3", "10.9.0.4/30", "10.9.1.0/24");
    const from = "10.9.0.3";
    expect(await attacker.reaches(attempt(4, { from }))).toBe(false);
    expect(await attacker.reaches(attempt(4))).toBe(true);
    await ban(60, "10.9.0.2/31");
    expect(await attacker.reaches(attempt(4))).toBe(false);
  });

  it.each([
    [4, Array.from({ length: 28 }, (_, i) => 5 + i)],
    [6, [12, 13, 20, 24, 25, 29, 31, 32, 33, 36, 40, 44, 48, 49, 64, 128]],
  ] as const)(
    "finds an IPv%i ban of any length among bans beside it",
    async (family, lengths) => {
      const at = parseCidr(ATTACKER[family]);
      await ban(60, ...lengths.map((prefix) => formatCidr(beside(at, prefix))));
      expect(await attacker.reaches(attempt(family))).toBe(true);
      for (const prefix of lengths) {
        const around = formatCidr(networkOf(at, prefix));
        await ban(60, around);
        expect(await attacker.reaches(attempt(family))).toBe(false);
        await lift(around);
      }
      expect(await attacker.reaches(attempt(family))).toBe(true);
    },
    60_000,
  );

  it.each([4, 6] as const)(
    "lets nothing out to a banned IPv%i",
    async (family) => {
      const out = attempt(family, { to: ATTACKER[family] });
      expect(await reaches(out)).toBe(true);
      await ban(60, ATTACKER[family]);
      expect(await reaches(out)).toBe(false);
      expect(await reaches({ ...out, protocol: "udp" })).toBe(false);
    },
  );

  it.each([4, 6] as const)(
    "forwards nothing either way, IPv%i",
    async (family) => {
      const inward = attempt(family, { to: GUEST[family] });
      const outward = attempt(family, { to: ATTACKER[family] });
      expect(await attacker.reaches(inward)).toBe(true);
      expect(await guest.reaches(outward)).toBe(true);
      await ban(60, ATTACKER[family]);
      expect(await attacker.reaches(inward)).toBe(false);
      expect(await guest.reaches(outward)).toBe(false);
      expect(await guest.reaches(attempt(family))).toBe(true);
    },
  );

  it("sees the destination that a packet is rewritten to", async () => {
    await sh(`
      nft add table ip rewriting
      nft 'add chain ip rewriting out { type nat hook output priority -100; }'
      nft add rule ip rewriting out ip daddr 192.0.2.99 dnat to ${ATTACKER[4]}
      ip route add 192.0.2.99 via ${ATTACKER[4]}`);
    const out = attempt(4, { to: "192.0.2.99" });
    expect(await reaches(out)).toBe(true);
    await ban(60, ATTACKER[4]);
    expect(await reaches(out)).toBe(false);
    await sh("nft delete table ip rewriting; ip route del 192.0.2.99");
  });

  it("lets protected addresses win over every ban", async () => {
    await ban(60, "10.9.0.0/24", ATTACKER[4], "2001:db8::/32");
    await enforcer.protect([ATTACKER[4], `${ATTACKER[6]}/128`].map(parseCidr));
    expect(await attacker.reaches(attempt(4))).toBe(true);
    expect(await attacker.reaches(attempt(6))).toBe(true);
    const from = "10.9.0.3";
    expect(await attacker.reaches(attempt(4, { from }))).toBe(false);
    await enforcer.protect([]);
    expect(await attacker.reaches(attempt(4))).toBe(false);
  });

  it("never stands between this host and itself", async () => {
    await ban(60, "127.0.0.0/8", HOST[4], "::1", HOST[6]);
    for (const to of ["127.0.0.1", HOST[4], "::1", HOST[6]]) {
      expect(await reaches({ protocol: "tcp", to, port: PORT })).toBe(true);
    }
  });

  it("lets a ban expire with nobody's help", async () => {
    await ban(2, ATTACKER[4]);
    expect(await attacker.reaches(attempt(4))).toBe(false);
    await sleep(2_200);
    expect(await attacker.reaches(attempt(4))).toBe(true);
    expect(await enforcer.hasBan([parseCidr(ATTACKER[4])])).toEqual([false]);
  });

  it("renews a ban to a later expiry, and to an earlier one", async () => {
    await ban(1, ATTACKER[4]);
    await ban(60, ATTACKER[6], ATTACKER[4]);
    await ban(1, ATTACKER[6]);
    await sleep(1_200);
    expect(await attacker.reaches(attempt(4))).toBe(false);
    expect(await attacker.reaches(attempt(6))).toBe(true);
  });

  it("counts what it drops, by attacker and protocol", async () => {
    await ban(60, "10.9.0.0/24", "2001:db8:9::/64");
    await attacker.reaches(attempt(4));
    await attacker.reaches(attempt(6, { protocol: "udp", port: 53 }));
    await reaches(attempt(4, { to: ATTACKER[4], protocol: "udp", port: 123 }));

    const remote = attackerOf(4);
    const hits = await hitsOf(enforcer);
    expect(hits).toContainEqual(
      expect.objectContaining({ remote, direction: "in", protocol: 6 }),
    );
    expect(hits).toContainEqual({
      ...{ remote: attackerOf(6), direction: "in", way: LOCAL },
      ...{ forwarded: false, observed: false },
      ...{ protocol: 17, packets: 1, bytes: 62 },
    });
    expect(hits).toContainEqual({
      ...{ remote, direction: "out", forwarded: false, observed: false },
      ...{ protocol: 17, way: 0, packets: 1, bytes: 42 },
    });
    expect(await enforcer.totals()).toContainEqual({
      ...{ family: 4, direction: "out", observed: false },
      ...{ packets: 1, bytes: 42 },
    });
  });

  it.each([4, 6] as const)(
    "tells what it forwards from what is its own, IPv%i",
    async (family) => {
      await ban(60, ATTACKER[family]);
      const protocol = "udp";
      const outward = attempt(family, { to: ATTACKER[family], protocol });
      await attacker.reaches(attempt(family, { protocol }));
      await attacker.reaches({ ...outward, to: GUEST[family] });
      await reaches(outward);
      await guest.reaches(outward);
      const ways = (await hitsOf(enforcer))
        .filter((hit) => hit.protocol === 17)
        .map(({ direction, forwarded }) => [direction, forwarded])
        .sort();
      expect(ways).toEqual([
        ["in", false],
        ["in", true],
        ["out", false],
        ["out", true],
      ]);
    },
  );

  it("says of single addresses whether it drops them", async () => {
    await ban(60, "10.9.0.0/24", "192.0.2.1", "2001:db8:9::/48");
    await enforcer.protect([parseCidr("10.9.0.3")]);
    const asked = [
      "10.9.0.2",
      "10.9.0.3",
      "10.9.1.2",
      "192.0.2.1",
      ATTACKER[6],
    ];
    expect(await enforcer.wouldDrop(asked.map(parseCidr))).toEqual([
      ...[true, false, false, true, true],
    ]);
  });

  it("counts ICMP, and every fragment", async () => {
    await ban(60, "10.9.0.0/24", "2001:db8:9::/64");
    await attacker.sh("ip -6 neighbour flush dev eth0");
    await attacker.reaches(attempt(6)); // asks for the neighbour over ICMPv6
    await attacker.reaches(attempt(4, { protocol: "udp", bytes: 4_000 }));

    const hits = await hitsOf(enforcer);
    const icmp = { remote: attackerOf(6), protocol: 58 };
    expect(hits).toContainEqual(expect.objectContaining(icmp));
    const fragments = { remote: attackerOf(4), protocol: 17, packets: 3 };
    expect(hits).toContainEqual(expect.objectContaining(fragments));
  });

  it("keeps dropping all through a rebuild, and drops the stale after", async () => {
    await ban(60, ATTACKER[4], "10.9.0.3");
    let answered = 0;
    async function* slowly() {
      yield packed(lasting(60, "192.0.2.1"));
      for (let i = 0; i < 3; i++) {
        if (await attacker.reaches(attempt(4))) answered++;
        yield packed(lasting(60, ATTACKER[4], ATTACKER[4]));
      }
    }
    await enforcer.rebuild({ ledger: 1, revision: 4 }, slowly());
    if (await attacker.reaches(attempt(4))) answered++;
    expect(answered).toBe(0);
    const from = "10.9.0.3";
    expect(await attacker.reaches(attempt(4, { from }))).toBe(true);
  });
});

/** RTN_LOCAL: an address of this host. */
const LOCAL = 2;

function networkOf({ family, address }: Cidr, prefix: number): Cidr {
  const mask = maskOf(family, prefix);
  const network = address.map((byte, i) => byte & (mask[i] ?? 0));
  return { family, address: network, prefix };
}

/** The range of that length which differs in its last bit from the one around. */
function beside(cidr: Cidr, prefix: number): Cidr {
  const { family, address } = networkOf(cidr, prefix);
  const at = (prefix - 1) >> 3;
  const bit = 128 >> ((prefix - 1) & 7);
  const other = address.map((byte, i) => (i === at ? byte ^ bit : byte));
  return { family, address: other, prefix };
}
