import { describe, expect, it } from "@jest/globals";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import { statusOf } from "../../../service/control/status-view.js";
import { settle, startIn } from "../../support/agent/enrolled-host.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

describe("an agent whose cloud keeps a log", () => {
  it("asks for its head after the welcome, keeps it, and shows it", async () => {
    using folder = new TestFolder();
    await using cloud = await startTestCloud();
    await settle(cloud, folder.path);
    let leaves = 0;
    {
      await using agent = await startIn(folder.path, { random: () => 0 });
      await until("a head", () => agent.trust.log.sight.head !== undefined);
      const { log } = await statusOf({
        ...{ agent, clock: systemBanClock, version: "0.4.0" },
      });
      expect(log).toMatchObject({
        head: { origin: expect.stringMatching(/^tourniquet\/test-cloud\//) },
        forked: null,
      });
      leaves = log.head?.leaves ?? 0;
      expect(leaves).toBeGreaterThan(2);
    }
    await using again = await startIn(folder.path, { random: () => 0 });
    expect(again.trust.log.sight.head?.size).toBe(leaves);
  });
});
