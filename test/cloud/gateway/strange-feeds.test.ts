import { describe, expect, it } from "@jest/globals";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";

describe("what an agent says of a feed that is not its own", () => {
  it("raises no divergence and leaves no refusal", async () => {
    await using cloud = await startTestCloud();
    await cloud.enrol("orgb");
    await cloud.ban("203.0.113.7", { feed: "org/orgb" });
    const who = await cloud.enrol("orga");
    type Feeds = { items: { feed: string; epoch: string }[] };
    const { body } = await cloud.request<Feeds>("GET", "/api/v1/feeds");
    const { epoch = "" } =
      body.items.find(({ feed }) => feed === "org/orgb") ?? {};
    const hash = Buffer.alloc(32, 1);
    const position = { feed: "org/orgb", epoch, offset: 1, hash } as const;
    using agent = await TestAgent.connect(cloud, who, [position]);
    const refusal = { type: "refusal", code: "gap", detail: "" } as const;
    agent.send({ ...refusal, feed: "org/orgb" });
    agent.send({ ...refusal, feed: "urgent" });
    await eventually(async () => {
      type Refusals = { items: { feed: string }[] };
      const path = "/api/v1/refusals";
      const { body } = await cloud.request<Refusals>("GET", path);
      if (body.items.length === 0) return undefined;
      expect(body.items.map(({ feed }) => feed)).toEqual(["urgent"]);
      return true;
    });
    const told = await cloud.request("GET", "/api/v1/divergences");
    expect(told.body).toEqual({ items: [], next: null });
  });
});
