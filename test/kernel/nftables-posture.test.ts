import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import {
  DEFAULT_POSTURE,
  type Enforcer,
} from "../../agent/enforce/enforcer.js";
import { NftablesEnforcer } from "../../agent/enforce/nftables/nftables-enforcer.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { NETLINK_NETFILTER } from "../../agent/netlink/constants.js";
import { NetlinkSocket } from "../../agent/netlink/socket.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { loadLibc } from "../../agent/runtime/libc.js";
import { sh, type Namespace } from "../../scripts/lab/namespace.js";
import { reaches, type Attempt } from "../../scripts/lab/prober.js";
import { lasting, observed, slices } from "../support/agent/entries.js";
import { hitsOf } from "../support/agent/hits.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  PacketWorld,
  attackerOf,
  attempt,
  ban as banIn,
  freshEnforcer,
  lift as liftIn,
} from "../support/kernel/packet-world.js";

const WIDE = { 4: ["10.9.0.0/29"], 6: ["2001:db8:9::/48"] };

describeInNamespace("what becomes of packets that a ban matches", () => {
  let world: PacketWorld;
  let enforcer: Enforcer;
  let attacker: Namespace;

  beforeAll(async () => {
    world = await PacketWorld.make();
    ({ attacker } = world);
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

  it.each([4, 6] as const)(
    "lets what is merely observed pass, and counts it, IPv%i",
    async (family) => {
      const put = observed(60, ATTACKER[family], ...WIDE[family]);
      await enforcer.apply({ revision: 2, put, remove: [] });
      expect(await attacker.reaches(attempt(family))).toBe(true);
      const outward = attempt(family, { to: ATTACKER[family] });
      expect(await reaches(outward)).toBe(true);
      const address = parseCidr(ATTACKER[family]);
      expect(await enforcer.wouldDrop([address])).toEqual([false]);
      for (const direction of ["in", "out"] as const) {
        const remote = direction === "in" ? attackerOf(family) : address;
        const hit = { remote, direction, protocol: 6, observed: true };
        expect(await hitsOf(enforcer)).toContainEqual(
          expect.objectContaining(hit),
        );
      }
    },
  );

  it("drops what one ban drops and another observes, narrower or wider", async () => {
    const both = [...observed(60, "10.9.0.2"), ...lasting(60, "10.9.0.0/29")];
    await enforcer.apply({ revision: 2, put: both, remove: [] });
    expect(await attacker.reaches(attempt(4))).toBe(false);
    const remove = [parseCidr("10.9.0.0/29")];
    const put = [...observed(60, "10.9.0.2"), ...lasting(1, "10.9.0.2")];
    await enforcer.apply({ revision: 3, put, remove });
    expect(await attacker.reaches(attempt(4))).toBe(false);
    await sleep(1_200);
    expect(await attacker.reaches(attempt(4))).toBe(true);
    const hits = (await hitsOf(enforcer)).filter((hit) => hit.observed);
    expect(hits.length).toBeGreaterThan(0);
  });

  it("takes a stance in one step, and keeps it through a rebuild", async () => {
    await ban(60, ATTACKER[4], ATTACKER[6]);
    const { egress } = DEFAULT_POSTURE;
    await enforcer.setPosture({ mode: "observe", egress });
    await enforcer.rebuild(
      { ledger: 1, revision: 3 },
      slices(lasting(60, ATTACKER[4], ATTACKER[6])),
    );
    expect(await attacker.reaches(attempt(4))).toBe(true);
    expect(await attacker.reaches(attempt(6))).toBe(true);
    expect(await enforcer.read()).toMatchObject({
      posture: { mode: "observe" },
    });
    expect(await enforcer.wouldDrop([parseCidr(ATTACKER[4])])).toEqual([false]);
    expect((await hitsOf(enforcer)).every((hit) => hit.observed)).toBe(true);
    await enforcer.setPosture({ mode: "enforce", egress });
    expect(await attacker.reaches(attempt(4))).toBe(false);
    expect(await attacker.reaches(attempt(6))).toBe(false);
  });

  it.each([4, 6] as const)(
    "tells local programs at once where egress is rejected, IPv%i",
    async (family) => {
      await ban(60, ...WIDE[family]);
      const outward = attempt(family, { to: ATTACKER[family] });
      expect(await complaint(outward)).toBe("nothing");
      await enforcer.setPosture({ mode: "enforce", egress: "reject" });
      expect(await complaint(outward)).toBe("ECONNREFUSED");
      expect(await attacker.reaches(attempt(family))).toBe(false);
      await lift(...WIDE[family]);
      expect(await reaches(outward)).toBe(true);
      await enforcer.setPosture(DEFAULT_POSTURE);
      expect(await sh("nft list table inet tourniquet")).not.toContain(
        "reject",
      );
    },
  );

  it("drops where this kernel cannot reject, as if that had been asked for", async () => {
    const libc = await loadLibc();
    await using unable = new NftablesEnforcer({
      libc,
      socket: new NetlinkSocket(libc, NETLINK_NETFILTER),
      features: { fib: true, log: true, limit: true, reject: false },
      clock: systemBanClock,
    });
    expect(unable.rejects).toBe(false);
    await unable.setPosture({ mode: "enforce", egress: "reject" });
    const entries = lasting(60, ATTACKER[4]);
    await unable.rebuild({ ledger: 1, revision: 2 }, slices(entries));
    await unable.setPosture({ mode: "enforce", egress: "reject" });
    expect(await unable.read()).toMatchObject({ posture: DEFAULT_POSTURE });
    const outward = attempt(4, { to: ATTACKER[4] });
    expect(await complaint(outward)).toBe("nothing");
  });
});

/** What a program hears that connects there: nothing at all, or an error. */
function complaint({ to, port }: Attempt): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port });
    const settle = (heard: string) => {
      socket.destroy();
      resolve(heard);
    };
    socket.setTimeout(250, () => settle("nothing"));
    socket.on("connect", () => settle("an answer"));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      settle(error.code ?? error.message),
    );
  });
}
