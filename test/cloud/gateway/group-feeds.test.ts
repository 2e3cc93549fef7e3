import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { closeCodes } from "../../../agent/protocol/close-codes.js";
import { wire2 } from "../../../agent/protocol/wire.js";
import {
  positionAfter,
  TestAgent,
  wirePosition,
} from "../../support/agent/test-agent.js";
import type { Position } from "../../../agent/model/position.js";
import {
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor } from "../../support/cloud/people.js";

const WEB = "org/acme/web";
const DB = "org/acme/db";
const POLICY = `version: 1
org: acme
goodFor: 1d
groups: [{ name: web, tags: [web], feed: web }, { name: db, tags: [db], feed: db }]
`;

describe("a session of a host that is in a group", () => {
  let cloud: TestCloud;
  let aheadMs: number;
  let host: Enrolled;

  beforeEach(async () => {
    aheadMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    cloud = await startTestCloud({ clock });
    host = await cloud.enrol("acme");
    await ask("POST", "/orgs/acme/policy", { file: POLICY });
    await tag("web");
    await ban("203.0.113.1");
  });
  afterEach(() => cloud[Symbol.asyncDispose]());

  const ask = (method: string, path: string, body: unknown) =>
    askAtDoor(cloud, cloud.operator, [method, path, body]);
  const tag = (...tags: readonly string[]) =>
    ask("PUT", `/agents/${host.agent}/tags`, { tags });
  const ban = (range: string) => cloud.ban(range, { feed: WEB });
  const connect = async (
    positions: readonly Position[] = [],
    capabilities: readonly string[] = ["policy"],
  ) => {
    const agent = TestAgent.dial(cloud.url, wire2);
    await agent.hello(host, positions, { capabilities });
    const { plans, session } = await agent.next("welcome");
    return { agent, feeds: plans.map(({ feed }) => feed), session };
  };
  const resume = (agent: TestAgent, feed: string, at?: Position) =>
    agent.send({
      ...{ type: "resume", feed: feed as Position["feed"] },
      ...(at && { position: wirePosition(at) }),
    });
  const policyOf = async (agent: TestAgent) =>
    JSON.parse((await agent.next("policy")).policy.signed) as {
      feeds?: string[];
    };
  /** Resolves with what was planned, once the cloud answers what comes after it. */
  const plannedBy = async (agent: TestAgent) => {
    resume(agent, "urgent");
    for (;;) {
      const { plans } = await agent.next("plan");
      if (plans[0]?.feed !== "urgent") return plans[0]?.feed;
      return undefined;
    }
  };

  it("begins with its feed once the host asks, and is told where that stands", async () => {
    const { agent, feeds } = await connect();
    using _ = agent;
    expect(feeds).not.toContain(WEB);
    expect((await policyOf(agent)).feeds).toEqual([WEB]);
    await agent.next("state");
    resume(agent, WEB);
    const { plans } = await agent.next("plan");
    expect(plans).toMatchObject([{ feed: WEB }]);
    const { state } = await agent.next("state");
    expect(state.signed).toContain(WEB);
  });

  it("hears of its feeds in one order, whichever it asked for first", async () => {
    await tag("web", "db");
    const heard: unknown[] = [];
    for (const order of [
      [WEB, DB],
      [DB, WEB],
    ]) {
      const { agent } = await connect();
      using _ = agent;
      await agent.next("state");
      for (const feed of order) resume(agent, feed);
      await agent.next("state");
      const { state } = await agent.next("state");
      const { heads } = JSON.parse(state.signed) as { heads: Position[] };
      heard.push(heads.map(({ feed }) => feed));
    }
    expect(heard[0]).toEqual(expect.arrayContaining([DB, WEB]));
    expect(heard[1]).toEqual(heard[0]);
  });

  it("begins with it at once where the host has something of it", async () => {
    const at = await positionIn(cloud, host);
    const { agent, feeds } = await connect([at]);
    using _ = agent;
    expect(feeds).toContain(WEB);
    await ban("203.0.113.2");
    const segment = await agent.nextSegment();
    expect(segment.header).toMatchObject({ feed: WEB, audience: WEB });
  });

  it("goes on over the end of the policy, as bans have ends of their own", async () => {
    aheadMs = 2 * 86_400_000;
    const { agent } = await connect();
    using _ = agent;
    expect((await policyOf(agent)).feeds).toEqual([WEB]);
    resume(agent, WEB);
    expect(await plannedBy(agent)).toBe(WEB);
  });

  it("has nothing of another group's, nor of its own once it has left", async () => {
    const at = await positionIn(cloud, host);
    const { agent, session } = await connect([at]);
    using _ = agent;
    resume(agent, "org/acme/db");
    expect(await plannedBy(agent)).toBeUndefined();
    const fetched = async (feed: string) => {
      const query = new URLSearchParams({ feed, epoch: at.epoch, from: "1" });
      const headers = { authorization: `Bearer ${session}` };
      const url = `${cloud.url}/v1/segments?${query.toString()}`;
      const answer = await fetch(url, { headers });
      await answer.arrayBuffer();
      return answer.status;
    };
    expect(await fetched("org/acme/db")).toBe(403);
    expect(await fetched(WEB)).toBe(200);
    await tag();
    await ban("203.0.113.3");
    resume(agent, WEB, at);
    expect(await plannedBy(agent)).toBeUndefined();
    expect(await fetched(WEB)).toBe(403);
    expect(agent.segments).toEqual([]);
    agent.sendReceipt(host, at); // as it may have said a moment ago
    resume(agent, "urgent");
    await agent.next("plan");
  });

  it("has nothing of it without the capability, nor of another org's", async () => {
    const at = await positionIn(cloud, host);
    const { agent, feeds } = await connect([at], []);
    using _ = agent;
    expect(feeds).not.toContain(WEB);
    resume(agent, WEB);
    expect(await plannedBy(agent)).toBeUndefined();
    resume(agent, "org/globex/web");
    expect((await agent.ended).code).toBe(closeCodes["bad-message"]);
  });
});

/** Where the feed stands, by a session of its own that took all in. */
async function positionIn(
  { url }: TestCloud,
  host: Enrolled,
): Promise<Position> {
  using agent = TestAgent.dial(url, wire2);
  await agent.hello(host, [], { capabilities: ["policy"] });
  await agent.next("welcome");
  agent.send({ type: "resume", feed: WEB });
  return positionAfter(await agent.nextSegment());
}
