import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { sh, type Namespace } from "../../scripts/lab/namespace.js";
import { reaches } from "../../scripts/lab/prober.js";
import { hitsOf } from "../support/agent/hits.js";
import { crowd } from "../support/kernel/crowd.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  HOST,
  PacketWorld,
  attempt,
  ban as banIn,
  freshEnforcer,
} from "../support/kernel/packet-world.js";

const OTHER = "10.9.0.3";

describeInNamespace("what the kernel counts of floods", () => {
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
    for (const family of [4, 6] as const) {
      await attacker.reaches(attempt(family)); // so that it knows the neighbour
    }
    await banIn(enforcer, 60, "10.9.0.0/24", "2001:db8:9::/48");
  });
  afterEach(async () => {
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
  });

  it("is one count of who varies ports, and everybody else's beside it", async () => {
    await attacker.sh(
      node(`const s = require("dgram").createSocket("udp4");
        let port = 0;
        const next = () => ++port > 20000 ? s.close() : s.send("x", port, "${HOST[4]}", next);
        next();`),
    );
    const protocol = "udp";
    await attacker.reaches(attempt(4, { from: OTHER, protocol }));
    const listed = await remotes("in");
    expect(listed.filter((each) => each === ATTACKER[4])).toHaveLength(1);
    expect(listed).toContain(OTHER);
    expect(await packetsIn(4)).toBeGreaterThan(20_000);
  });

  it("is one count of who varies addresses in his /64", async () => {
    await attacker.sh("echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind");
    await attacker.sh(
      node(`const dgram = require("dgram");
        let i = 0;
        const next = () => {
          if (++i > 300) return;
          const s = dgram.createSocket("udp6");
          s.bind(0, "2001:db8:9:0:1::" + i.toString(16), () =>
            s.send("x", 9, "${HOST[6]}", () => { s.close(); next(); }));
        };
        next();`),
    );
    const udp = (await hitsOf(enforcer)).filter((hit) => hit.protocol === 17);
    expect(udp.map(({ remote }) => formatCidr(remote))).toEqual([
      "2001:db8:9::/64",
    ]);
    expect(await packetsIn(6)).toBeGreaterThanOrEqual(300);
  });

  it("is few counts of who calls one address on every port", async () => {
    await sh(
      node(`const s = require("dgram").createSocket("udp4");
        let port = 0;
        const next = () => ++port > 20000 ? s.close() : s.send("x", port, "${ATTACKER[4]}", next);
        next();`),
    );
    await reaches(attempt(4, { to: OTHER, protocol: "udp" }));
    const listed = await remotes("out");
    expect(listed.filter((each) => each === ATTACKER[4])).toHaveLength(1);
    expect(listed).toContain(OTHER);
  });

  it("is in the totals when there is no room, and nothing passes", async () => {
    await crowd();
    const before = await packetsIn(4);
    for (const protocol of ["tcp", "udp"] as const) {
      expect(await attacker.reaches(attempt(4, { protocol }))).toBe(false);
      expect(await attacker.reaches(attempt(6, { protocol }))).toBe(false);
      const out = attempt(4, { to: ATTACKER[4], protocol });
      expect(await reaches(out)).toBe(false);
    }
    expect(await packetsIn(4)).toBeGreaterThan(before);
    expect(await many()).toBe(65_536);
    expect((await enforcer.hits()).crowded).toBe(true);
    expect(await remotes("in")).not.toContain(ATTACKER[4]);

    await enforcer.makeRoom();

    expect(await many()).toBe(32_768);
    expect((await enforcer.hits()).crowded).toBe(false);
    await attacker.reaches(attempt(4, { protocol: "udp" }));
    expect(await remotes("in")).toContain(ATTACKER[4]);
  });

  it("keeps those with the most packets where room is made, and does so only then", async () => {
    await attacker.reaches(attempt(4, { protocol: "udp" }));
    const before = (await hitsOf(enforcer)).map(({ remote }) => remote);
    await enforcer.makeRoom();
    expect(await remotes("in")).toContain(ATTACKER[4]);
    await crowd(16_000);
    await enforcer.makeRoom();
    const kept = (await hitsOf(enforcer)).filter(({ packets }) => packets > 0);
    const remotesKept = kept.map(({ remote }) => remote);
    expect(remotesKept).toEqual(expect.arrayContaining(before));
    expect(await enforcer.inspect()).toEqual([]);
  });

  it("is read once for all who ask meanwhile", async () => {
    await crowd();
    const readings = await Promise.all([1, 2, 3].map(() => enforcer.hits()));
    expect(new Set(readings).size).toBe(1);
  });

  it("is told in totals that outlive a rebuild of the ruleset", async () => {
    await attacker.reaches(attempt(4));
    const before = await packetsIn(4);
    expect(before).toBeGreaterThan(0);
    async function* nothing() {
      yield* await Promise.resolve([]);
    }
    await enforcer.rebuild({ ledger: 1, revision: 3 }, nothing());
    expect(await packetsIn(4)).toBe(before);
  });

  /** How many are counted, but for some that came meanwhile. */
  async function many(): Promise<number> {
    const { length } = await hitsOf(enforcer);
    return length - (length % 64);
  }

  async function remotes(direction: "in" | "out"): Promise<readonly string[]> {
    const hits = await hitsOf(enforcer);
    return hits
      .filter((hit) => hit.direction === direction)
      .filter(({ protocol }) => protocol === 17)
      .map(({ remote }) => formatCidr(remote));
  }

  /** What came in from banned addresses, and was dropped. */
  async function packetsIn(family: 4 | 6): Promise<number> {
    const total = (await enforcer.totals()).find(
      (each) =>
        each.family === family && each.direction === "in" && !each.observed,
    );
    return total?.packets ?? 0;
  }
});

/** A command that runs a script without single quotes, as the shell takes it. */
const node = (script: string): string =>
  `${process.execPath} --eval ${JSON.stringify(script.replaceAll(/\s+/g, " "))}`;
