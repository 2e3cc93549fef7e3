import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { sh, type Namespace } from "../../scripts/lab/namespace.js";
import { TestHost } from "../support/agent/agent-fixtures.js";
import { lasting, packed } from "../support/agent/entries.js";
import { hitsOf } from "../support/agent/hits.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  PacketWorld,
  attempt,
} from "../support/kernel/packet-world.js";
import { packageRoot } from "../support/vectors.js";

/** As `nft list table` told it of 0.1.0: ledger 7, revision 5. */
const BUILT_BY_0_1_0 = join(packageRoot, "test/golden/ruleset/0.1.0.nft");

describeInNamespace("a ruleset that an earlier version has built", () => {
  let world: PacketWorld;
  let attacker: Namespace;
  let enforcer: Enforcer;

  beforeAll(async () => {
    world = await PacketWorld.make();
    ({ attacker } = world);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(async () => {
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
  });

  const start = async () => {
    await sh(`nft -f ${BUILT_BY_0_1_0}`);
    enforcer = await openNftables(systemBanClock);
  };
  const arrive = async () => [
    await attacker.reaches(attempt(4)),
    await attacker.reaches(attempt(6)),
  ];

  it("is known for what it is, and goes on dropping until it is replaced in one step", async () => {
    expect(await arrive()).toEqual([true, true]);
    await start();
    expect(await enforcer.read()).toEqual({
      ...{ at: "outdated", ledger: 7, revision: 5 },
      posture: { mode: "enforce", egress: "drop" },
    });
    const seen: (readonly boolean[])[] = [];
    async function* slowly() {
      seen.push(await arrive());
      yield packed(lasting(60, "192.0.2.1"));
      seen.push(await arrive());
      yield packed(lasting(60, ATTACKER[4], ATTACKER[6]));
      seen.push(await arrive());
    }
    await enforcer.rebuild({ ledger: 7, revision: 6 }, slowly());
    seen.push(await arrive());
    expect(seen).toEqual(Array(4).fill([false, false]));

    expect(await enforcer.read()).toMatchObject({ at: "present", revision: 6 });
    expect(await enforcer.inspect()).toEqual([]);
    const listed = await sh("nft list table inet tourniquet");
    expect(listed).not.toMatch(/hits_|size 65536|_a \{/);
    expect(listed).toContain("elements = { 10.8.0.0/24 }"); // what is protected
    const remotes = (await hitsOf(enforcer)).map(({ remote }) =>
      formatCidr(remote),
    );
    expect(remotes).toContain(ATTACKER[4]);
  });

  it("goes on dropping when the rebuild fails half-way", async () => {
    await start();
    async function* failing() {
      yield packed(lasting(60, "192.0.2.2"));
      throw new Error("the ledger is on fire");
      await Promise.resolve();
    }
    await expect(
      enforcer.rebuild({ ledger: 7, revision: 6 }, failing()),
    ).rejects.toThrow("on fire");
    expect(await arrive()).toEqual([false, false]);
    expect(await enforcer.read()).toMatchObject({ at: "outdated" });
  });

  it("is not replaced by a ledger that was just made and is not complete", async () => {
    await start();
    await using host = await TestHost.open({ enforcer, random: () => 1 });
    await expect(host.enforcement.enforce()).rejects.toThrow("earlier ledger");
    expect(await arrive()).toEqual([false, false]);
    expect(await enforcer.read()).toMatchObject({ at: "outdated", ledger: 7 });
  });
});
