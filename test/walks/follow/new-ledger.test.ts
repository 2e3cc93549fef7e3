import { describe, expect, it } from "@jest/globals";
import { DryRunEnforcer } from "../../../agent/enforce/dry-run/dry-run-enforcer.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { policyOf, signPolicy } from "../../support/agent/policies.js";
import { World } from "../../support/agent/world.js";
import { FakeFeed, handsOut } from "../../support/cloud/fake-cloud.js";
import { until } from "../../support/time/clock.js";

describe("a new ledger of a host that is in a group", () => {
  it("keeps what an earlier one left until it has the group's bans", async () => {
    const enforcer = new DryRunEnforcer(systemBanClock);
    {
      await using before = await TestHost.open({ enforcer });
      await before.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    }
    await using world = await World.open({ enforcer, protocol: 2 });
    const [urgent, web] = [new FakeFeed(), new FakeFeed("org/acme/web")];
    world.cloud.serve = handsOut(web.append([ban("203.0.113.8")]));
    const rest = [new FakeFeed("reputation"), new FakeFeed("org/acme")];
    const link = await world.cloud.link();
    link.challenge();
    await link.next("hello");
    link.sayWelcome([urgent.tail()], 600_000, 1, ["policy"]);
    const wanted = policyOf([], { feeds: [web.feed] });
    link.say({ type: "policy", policy: signPolicy(wanted) });
    link.heads(urgent, ...rest);
    expect(await link.next("resume")).toMatchObject({ feed: web.feed });
    link.push(urgent.append([ban("203.0.113.9")]));
    const early = await link.next("refusal");
    expect(early).toMatchObject({ feed: "urgent", code: "not-enforced" });
    expect(await world.host.holds("203.0.113.7")).toEqual([true]);

    link.say({ type: "plan", plans: [web.segmentsFrom(1)] });
    link.heads(urgent, ...rest, web);
    await until("the replacement", async () => {
      const [old, fresh] = await world.host.holds("203.0.113.7", "203.0.113.8");
      return old === false && fresh === true;
    });
  });
});
