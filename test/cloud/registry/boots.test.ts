import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/clock.js";
import type { Clone } from "../../../cloud/registry/boots.js";
import type { AgentEntry } from "../../../cloud/cli/client.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/test-agent.js";

describe("a device key that two live processes hold", () => {
  it("is told once for each pair, with both starts", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const [original, copy] = [randomUUID(), randomUUID()];
    for (const boot of [original, copy, original, copy, original]) {
      await come(cloud, who, boot);
    }
    const [clone] = await eventually(() => found(cloud));
    expect(clone).toMatchObject({
      agent: who.agent,
      first: { boot: original, version: "0.1.0", address: "127.0.0.1" },
      second: { boot: copy, version: "0.1.0", address: "127.0.0.1" },
    });
    expect((await agentOf(cloud)).cloned).toBe(true);
    await cloud.request("POST", `/v1/agents/${who.agent}/clear-clones`, {});
    expect((await agentOf(cloud)).cloned).toBe(false);
    await come(cloud, who, copy);
    expect(await eventually(() => found(cloud))).toHaveLength(1);
  });

  it("is told although the cloud was started anew meanwhile", async () => {
    using folder = temporaryFolder();
    const [original, copy] = [randomUUID(), randomUUID()];
    const dir = await foundedIn(folder.path, async (cloud) => {
      const who = await cloud.enrol();
      await come(cloud, who, original);
      await come(cloud, who, copy);
      return who;
    });
    await using cloud = await startTestCloud({ dir: dir.path });
    await come(cloud, dir.who, original);
    expect(await eventually(() => found(cloud))).toHaveLength(1);
  });

  it("is not suspected when an agent restarts or reconnects", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const [first, second] = [randomUUID(), randomUUID()];
    for (const boot of [first, first, second, second]) {
      await come(cloud, who, boot);
    }
    const { body } = await cloud.request("GET", "/v1/clones");
    expect(body).toEqual({ clones: [] });
  });
});

async function foundedIn(
  path: string,
  act: (cloud: TestCloud) => Promise<Enrolled>,
) {
  const dir = `${path}/cloud`;
  foundCloud(
    { dir, name: "test-cloud", publicUrl: undefined, listen: "127.0.0.1:0" },
    systemClock,
  );
  await using cloud = await startTestCloud({ dir });
  return { path: dir, who: await act(cloud) };
}

async function come(cloud: TestCloud, who: Enrolled, boot: string) {
  using agent = TestAgent.dial(cloud.url);
  await agent.hello(who, [], { boot });
  await agent.next("welcome");
}

async function found(cloud: TestCloud) {
  type Answer = { clones: readonly Clone[] };
  const { body } = await cloud.request<Answer>("GET", "/v1/clones");
  return body.clones.length > 0 ? body.clones : undefined;
}

async function agentOf(cloud: TestCloud): Promise<AgentEntry> {
  type Answer = { agents: [AgentEntry] };
  return (await cloud.request<Answer>("GET", "/v1/agents")).body.agents[0];
}
