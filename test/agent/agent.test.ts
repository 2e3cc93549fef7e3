import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { startAgent, type Agent } from "../../agent/agent.js";
import { parseConfig } from "../../agent/config/config.js";
import type { Identity } from "../../agent/config/identity.js";
import { openBoot } from "../../agent/host/boot.js";
import { LedgerLocked } from "../../agent/ledger/damage.js";
import { Ledger } from "../../agent/ledger/ledger.js";
import { silentLogger } from "../../agent/log/logger.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { receiptOf } from "../support/agent/world.js";
import {
  FakeCloud,
  FakeFeed,
  identityFor,
} from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";
import { until } from "../support/time/clock.js";
import { keys } from "../support/vectors.js";

describe("an agent", () => {
  it("enforces what its ledger says before any network, and says so again", async () => {
    using folder = new TestFolder();
    await using cloud = await FakeCloud.start();
    const urgent = new FakeFeed();
    {
      await using _agent = await start(folder, cloud.url);
      const link = await cloud.welcomed([urgent.tail()]);
      link.push(urgent.append([ban("203.0.113.7"), ban("127.0.0.1")]));
      expect(await receiptOf(link, 0)).toMatchObject({
        banned: 1,
        heldTotal: 1,
      });
    }

    await using again = await start(folder, cloud.url);
    const [held] = await again.enforcer.hasBan([parseCidr("203.0.113.7")]);
    expect(held).toBe(true);
    expect(again.link.state).toMatchObject({ why: "not dialed yet" });
    const link = await cloud.welcomed([urgent.tail()]);
    expect(await receiptOf(link, 0)).toMatchObject({
      position: { feed: "urgent", offset: 2 },
      banned: 1,
      heldTotal: 1,
    });
  });

  it("leaves a former org's bans, and keeps the others", async () => {
    using folder = new TestFolder();
    await using cloud = await FakeCloud.start();
    const [urgent, org] = [new FakeFeed(), new FakeFeed("org/acme")];
    {
      await using agent = await start(folder, cloud.url);
      const link = await cloud.welcomed([urgent.tail(), org.tail()]);
      link.push(urgent.append([ban("203.0.113.7")]));
      link.push(org.append([ban("203.0.113.8")]));
      await until("both", () => agent.ledger.revision() === 2);
    }

    await using again = await start(folder, cloud.url, { org: "globex" });
    expect(again.ledger.positions().map(({ feed }) => feed)).toEqual([
      "urgent",
    ]);
    const ranges = ["203.0.113.7", "203.0.113.8"].map(parseCidr);
    expect(await again.enforcer.hasBan(ranges)).toEqual([true, false]);
  });

  it("shows what is recorded to a guard that became stricter, and laxer", async () => {
    using folder = new TestFolder();
    await using cloud = await FakeCloud.start();
    const holds = async (agent: Agent) =>
      (await agent.enforcer.hasBan([parseCidr("198.16.0.0/16")]))[0];
    {
      await using agent = await start(folder, cloud.url);
      const urgent = new FakeFeed();
      const link = await cloud.welcomed([urgent.tail()]);
      link.push(urgent.append([ban("198.16.0.0/16")]));
      await receiptOf(link, 0);
      expect(await holds(agent)).toBe(true);
    }
    {
      await using agent = await start(folder, cloud.url, {}, { ipv4: 17 });
      await until("it is held", async () => (await holds(agent)) === false);
    }
    await using agent = await start(folder, cloud.url);
    await until("it is released", async () => (await holds(agent)) === true);
  });

  it("protects its own addresses and its cloud's", async () => {
    using folder = new TestFolder();
    await using cloud = await FakeCloud.start();
    await using agent = await start(folder, cloud.url);
    expect(agent.facts().own).toContainEqual(parseCidr("127.0.0.1"));
    await cloud.welcomed();
    await until("its address", () => agent.facts().cloud.length > 0);
    expect(agent.facts().cloud).toEqual([parseCidr("127.0.0.1")]);
  });

  it("goes on from the time that its ledger knows, and corrects it by the cloud's heads", async () => {
    using folder = new TestFolder();
    const left = Date.now() - 7_200_000;
    {
      using ledger = Ledger.open(join(folder.path, "ledger.db"));
      const at = { offset: left, anchor: left, time: left, sure: left };
      ledger.keepTime({ boot: 1, state: "confirmed", ...at, told: null });
    }
    await using cloud = await FakeCloud.start();
    const urgent = new FakeFeed();
    await using agent = await start(folder, cloud.url);
    const late = () => Date.now() - agent.clock.now();
    expect(late()).toBeGreaterThan(7_000_000);
    const link = await cloud.welcomed([urgent.tail()]);
    link.heads(urgent);
    await until("the right time", () => Math.abs(late()) < 1_000);
  });

  it("is the only one on its ledger, and lets go of it at the end", async () => {
    using folder = new TestFolder();
    {
      await using _agent = await start(folder, "http://127.0.0.1:1");
      await expect(start(folder, "http://127.0.0.1:1")).rejects.toThrow(
        LedgerLocked,
      );
    }
    await using _next = await start(folder, "http://127.0.0.1:1");
  });
});

/** An agent that only pretends to enforce. */
async function start(
  folder: TestFolder,
  url: string,
  who: Partial<Identity> = {},
  floor: object = {},
): Promise<Agent> {
  return startAgent({
    config: parseConfig(
      {
        stateDir: folder.path,
        enforce: { backend: "dry-run" },
        guard: { floor },
      },
      "test",
    ),
    identity: { ...identityFor(url), ...who },
    deviceKey: keys.device,
    keepRoot: () => undefined,
    way: { ca: undefined, proxy: undefined },
    version: "0.0.0",
    platform: "linux",
    clock: systemClock,
    boot: await openBoot("/nowhere"), // so that it begins now

    log: silentLogger,
    random: Math.random,
  });
}
