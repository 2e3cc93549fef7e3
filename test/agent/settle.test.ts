import { expect, it } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { bans, enforces, hostIn } from "../support/agent/enrolled-host.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { until } from "../support/time/clock.js";

it("an agent whose settings change takes back what they no longer permit, and back", async () => {
  await using opened = new Lifetime();
  await using cloud = await startTestCloud();
  const { agent } = await hostIn(await cloud.addOrg("example"), cloud, opened);
  await cloud.ban("203.0.113.1");
  await enforces(agent, "203.0.113.1");
  const allow = ["203.0.113.0/24"];
  await agent.settle(parseConfig({ guard: { allow } }, "test"));
  await until(
    "the ban is held",
    async () => !(await bans(agent, "203.0.113.1")),
    15_000,
  );
  await agent.settle(parseConfig({}, "test"));
  await enforces(agent, "203.0.113.1");
  expect(agent.ledger.counts()).toMatchObject([{ feed: "urgent", held: 0 }]);
});
