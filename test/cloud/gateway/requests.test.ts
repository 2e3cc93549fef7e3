import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { closeCodes } from "../../../agent/protocol/close-codes.js";
import { impactRefusals } from "../../../agent/protocol/messages.js";
import { impactIn } from "../../../agent/protocol/requests.js";
import { wire1, wire2 } from "../../../agent/protocol/wire.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";

const numbers = {
  ...{ live: 3, liveBegun: 1, recent: 12, recentBegun: 2 },
  ...{ since: 1, whole: true },
};

const asked = (cloud: TestCloud) =>
  cloud.request("POST", "/api/v1/impact", { ranges: ["203.0.113.7"] });

describe("a question about impact", () => {
  it("is a request to agents of version 2, and as ever to those of version 1", async () => {
    await using cloud = await startTestCloud();
    using old = await TestAgent.connect(cloud, await cloud.enrol(), [], wire1);
    using young = await able(cloud);
    const report = asked(cloud);
    const { id } = await old.next("impact-question");
    old.send({ type: "impact-answer", id, ...numbers });
    const request = await young.next("request");
    expect(request).toMatchObject({
      ...{ id, kind: "impact", body: { ranges: ["203.0.113.7"] } },
    });
    const { kind } = request;
    young.send({ type: "answer", id, kind, result: "done", body: numbers });
    expect((await report).body).toMatchObject({
      asked: 2,
      answered: 2,
      live: 6,
    });
  });

  it("is not put to an agent that does not take requests", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(
      cloud,
      await cloud.enrol(),
      [],
      wire2,
    );
    expect((await asked(cloud)).body).toMatchObject({ asked: 0 });
    expect(agent.messages).toEqual([]);
  });

  it("that a host does not know counts as one that it would not answer", async () => {
    await using cloud = await startTestCloud();
    using agent = await able(cloud);
    const report = asked(cloud);
    const { id, kind } = await agent.next("request");
    agent.send({ type: "answer", id, kind, result: "unsupported" });
    expect((await report).body).toMatchObject({ asked: 1, refused: 1 });
  });
});

describe("an answer", () => {
  it("that nobody asked for, of whatever kind, is passed over", async () => {
    await using cloud = await startTestCloud();
    using agent = await able(cloud);
    const id = "0c4f9d52-3b1e-4c7a-9f60-7d2e8a1b5c34";
    agent.send({ type: "answer", id, kind: "dance", result: "done" });
    agent.send({ type: "answer", id, kind: "impact", result: "unsupported" });
    agent.send({ type: "resume", feed: "urgent" });
    await agent.next("plan");
  });

  it("that is none of its kind's ends the session", async () => {
    await using cloud = await startTestCloud();
    using agent = await able(cloud);
    const id = "0c4f9d52-3b1e-4c7a-9f60-7d2e8a1b5c34";
    const body = { live: 1 };
    agent.send({ type: "answer", id, kind: "impact", result: "done", body });
    expect((await agent.ended).code).toBe(closeCodes["bad-message"]);
  });
});

describe("a cloud that stops", () => {
  it("tells agents of either version when to come back, in its words", async () => {
    const cloud = await startTestCloud();
    using old = await TestAgent.connect(cloud, await cloud.enrol(), [], wire1);
    using young = await able(cloud);
    await cloud[Symbol.asyncDispose]();
    expect(await old.next("drain")).toEqual({
      type: "drain",
      windowMs: 10_000,
    });
    expect(await young.next("drain")).toEqual({
      ...{ type: "drain", afterMs: 0, windowMs: 10_000, urls: [] },
    });
  });
});

describe("why a host does not say", () => {
  it.each([
    ...[...impactRefusals.map((why) => [why, why]), ["weary", "unable"]],
    [undefined, "unable"],
  ])("is %s in a request's answer, and %s for who asked", (why, told) => {
    const id = randomUUID();
    const common = { type: "answer", id, kind: "impact" } as const;
    const reason = why === undefined ? {} : { why };
    expect(impactIn({ ...common, result: "refused", ...reason })).toEqual({
      ...{ type: "impact-refusal", id, why: told },
    });
  });
});

describe("a drain", () => {
  const order = {
    ...{ afterMs: 60_000, windowMs: 120_000 },
    urls: ["https://two.cloud.example"],
  };

  it("of version 2 says when and where, of version 1 the window only", () => {
    expect(wire2.drain(order)).toEqual({ type: "drain", ...order });
    expect(wire1.drain(order)).toEqual({ type: "drain", windowMs: 120_000 });
  });
});

async function able(cloud: TestCloud): Promise<TestAgent> {
  const agent = TestAgent.dial(cloud.url, wire2);
  const lies = { capabilities: ["requests"] };
  await agent.hello(await cloud.enrol(), [], lies);
  await agent.next("state");
  agent.messages.length = 0;
  return agent;
}
