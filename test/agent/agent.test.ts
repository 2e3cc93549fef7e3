import { describe, expect, it } from "@jest/globals";
import { startAgent, type Agent } from "../../agent/agent.js";
import { systemClock } from "../../agent/clock.js";
import { parseConfig } from "../../agent/config/config.js";
import { LedgerLocked } from "../../agent/ledger/damage.js";
import { silentLogger } from "../../agent/log/logger.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { ban } from "../support/agent-fixtures.js";
import { FakeCloud, FakeFeed, identityFor } from "../support/fake-cloud.js";
import { TestFolder } from "../support/folder.js";
import { receiptOn } from "../support/world.js";
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
      expect(await receiptOn(link)).toMatchObject({ banned: 1, heldTotal: 1 });
    }

    await using again = await start(folder, cloud.url);
    const [held] = await again.enforcer.holds([parseCidr("203.0.113.7")]);
    expect(held).toBe(true);
    expect(again.link.state).toMatchObject({ why: "not dialed yet" });
    const link = await cloud.welcomed([urgent.tail()]);
    expect(await receiptOn(link)).toMatchObject({
      position: { feed: "urgent", offset: 2 },
      banned: 1,
      heldTotal: 1,
    });
  });

  it("protects its own addresses and its cloud's", async () => {
    using folder = new TestFolder();
    await using agent = await start(folder, "http://127.0.0.1:1");
    const { own, cloud } = agent.facts();
    expect(own).toContainEqual(parseCidr("127.0.0.1"));
    expect(cloud).toEqual([parseCidr("127.0.0.1")]);
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
function start(folder: TestFolder, url: string): Promise<Agent> {
  return startAgent({
    config: parseConfig(
      { stateDir: folder.path, enforce: { backend: "dry-run" } },
      "test",
    ),
    identity: identityFor(url),
    deviceKey: keys.device,
    ca: undefined,
    version: "0.0.0",
    platform: "linux",
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
  });
}
