import { describe, expect, it } from "@jest/globals";
import type { AgentItem } from "../../../cloud/cli/ask-hosts.js";
import { hostMode } from "../../../cloud/fleet/host-mode.js";
import type { Stand } from "../../../cloud/receipts/receipts.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { health, vitals } from "../telemetry/items.js";

const stand = (mode: Stand["mode"]): Stand => ({
  ...{ feed: "urgent", epoch: "e", last: 1, mode },
});
const ENFORCES = [stand("enforce")];
const OBSERVES = [stand("enforce"), stand("observe")];

describe("what a host does with its bans", () => {
  it.each([
    ["unknown", [], []],
    ["enforce", ENFORCES, []],
    ["observe", OBSERVES, []],
    ["observe", OBSERVES, ["observing"]],
    ["observe", [], ["observing"]],
    ["paused", OBSERVES, ["paused"]],
    ["paused", OBSERVES, ["paused", "safe-mode"]],
    ["paused", [], ["paused"]],
    ["safe-mode", ENFORCES, ["safe-mode"]],
    ["safe-mode", [], ["safe-mode"]],
    ["not-enforcing", ENFORCES, ["not-enforcing", "safe-mode"]],
    ["not-enforcing", OBSERVES, ["not-proven", "paused"]],
    ["enforce", ENFORCES, ["disk-full"]],
    // Its receipt is newer than what its spool has told so far.
    ["enforce", ENFORCES, ["paused"]],
    ["enforce", ENFORCES, ["observing"]],
  ] as const)("is %s by %j and %j", (mode, stands, codes) => {
    expect(hostMode(stands, new Set(codes))).toBe(mode);
  });

  it("is told of each host, and how far it is behind its feeds", async () => {
    await using cloud = await startTestCloud();
    const web = await cloud.enrol("acme", "web1");
    expect(await hostOf(cloud)).toEqual({ mode: "unknown", behind: null });
    using agent = await TestAgent.connect(cloud, web);
    await agent.report(vitals());
    expect(await hostOf(cloud)).toEqual({ mode: "unknown", behind: null });
    await cloud.ban("203.0.113.1");
    const one = positionAfter(await agent.nextSegment());
    agent.sendReceipt(web, one);
    await become(cloud, { mode: "enforce", behind: 0 });
    await cloud.ban("203.0.113.2");
    await cloud.ban("203.0.113.3", { feed: "org/acme" });
    await become(cloud, { mode: "enforce", behind: 2 });
    const two = positionAfter(await agent.nextSegment());
    agent.sendReceipt(web, two, { mode: "observe" });
    await become(cloud, { mode: "observe", behind: 1 });
    // Carried here by hand, later than what came after it.
    agent.sendReceipt(web, one);
    const three = positionAfter(await agent.nextSegment());
    agent.sendReceipt(web, three, { mode: "observe" });
    await become(cloud, { mode: "observe", behind: 0 });
    await agent.report(health("paused"));
    await become(cloud, { mode: "paused", behind: 0 });
  });
});

async function hostOf({ request }: TestCloud) {
  const path = "/api/v1/agents/web1";
  const { body } = await request<AgentItem>("GET", path);
  const { mode, behind } = body;
  return { mode, behind };
}

const become = (cloud: TestCloud, so: object) =>
  eventually(async () => {
    const host = await hostOf(cloud);
    return JSON.stringify(host) === JSON.stringify(so) ? host : undefined;
  });
