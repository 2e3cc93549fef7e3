import { describe, expect, it } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import { isOfVersion2 } from "../../../agent/protocol/container.js";
import { readOps } from "../../../agent/protocol/segment.js";
import { openSnapshot, readBans } from "../../../agent/protocol/snapshot.js";
import { wire2 } from "../../../agent/protocol/wire.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { sharedCloud } from "../../support/cloud/shared-cloud.js";
import { revoke } from "../../support/cloud/people.js";

const RANGE = "192.0.2.0/24";
const ORDER = { range: RANGE, for: "7d", rings: "10m,1h,6h" };
import { until } from "../../support/time/clock.js";

describe("a ban in rings", () => {
  const shared = sharedCloud();

  it("says when each ring has its turn, in the answer, in lists, and signed", async () => {
    await using cloud = await startTestCloud();
    using agent = await readerOfRings(cloud, await cloud.enrol());
    const { status, body } = await banned(cloud, ORDER);
    expect(status).toBe(201);
    const { rings } = body;
    const canary = Date.parse(rings.canary) / 1000;
    const times = {
      ...{ canary, early: canary + 600 },
      ...{ broad: canary + 4_200, all: canary + 25_800 },
    };
    const said = Object.entries(rings).map(
      ([ring, at]) => [ring, Date.parse(at) / 1000] as const,
    );
    expect(Object.fromEntries(said)).toEqual(times);
    const segment = await agent.nextSegment();
    expect(segment.version).toBe(2);
    expect(readOps(segment)).toMatchObject([{ rings: times }]);
    expect(await listed(cloud)).toMatchObject([{ range: RANGE, rings }]);
  });

  it("keeps its times in snapshots, which are of version 2 then", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using _first = await readerOfRings(cloud, who);
    await banned(cloud, ORDER);
    await cloud.ban("198.51.100.0/24");
    for (let i = 0; i < 5; i++) {
      const many = Array.from({ length: 250 }, (_, n) => `203.0.${i}.${n}`);
      await cloud.request("POST", "/api/v1/bans", { ranges: many });
      await cloud.request("POST", "/api/v1/lifts", { ranges: many });
    }
    using agent = await readerOfRings(cloud, who);
    const plan = await agent.planOf(agent.welcome, "urgent");
    if (plan.mode !== "snapshot") throw new Error(`the plan is ${plan.mode}`);
    const response = await fetch(`${cloud.url}/v1/snapshots/${plan.sha256}`, {
      headers: { authorization: `Bearer ${agent.welcome.session}` },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(isOfVersion2(bytes)).toBe(true);
    const bans = [...readBans(openSnapshot(bytes))].flat();
    expect(
      bans.map(({ cidr, rings }) => [formatCidr(cidr), rings !== undefined]),
    ).toEqual([
      ["198.51.100.0/24", false],
      [RANGE, true],
    ]);
  });

  it("is refused while agents that read only version 1 follow the feed", async () => {
    await using cloud = await startTestCloud();
    const old = await cloud.enrol("acme");
    using _connected = await TestAgent.connect(cloud, old);
    const asked = { ...ORDER, dryRun: true };
    await until(
      "its version is known",
      async () => (await banned(cloud, asked)).status === 409,
    );
    const { body } = await banned(cloud, ORDER);
    expect(body).toMatchObject({
      ...{ code: "read-by-version-1", errors: [{ field: "rings" }] },
    });
    expect(JSON.stringify(body)).toContain(old.agent);
    await cloud.request("POST", "/api/v1/orgs", { id: "other", name: "other" });
    const elsewhere = { ...ORDER, feed: "org/other" };
    expect((await banned(cloud, elsewhere)).status).toBe(201);
    await revoke(cloud, old.agent);
    expect((await banned(cloud, ORDER)).status).toBe(201);
  });

  it("never reaches a session of version 1, nor one that claims no rings", async () => {
    await using cloud = await startTestCloud();
    await banned(cloud, ORDER);
    using old = await TestAgent.connect(cloud, await cloud.enrol("old"));
    using other = await TestAgent.connect(
      ...([cloud, await cloud.enrol("other"), [], wire2] as const),
    );
    await cloud.ban("198.51.100.7", { feed: "org/old" });
    expect(readOps(await old.nextSegment())).toHaveLength(1);
    expect(
      old.segments.concat(other.segments).map((each) => each.version),
    ).not.toContain(2);
    const { epoch } = (await feeds(cloud)).find(
      ({ feed }) => feed === "urgent",
    )!;
    const query = `feed=urgent&epoch=${epoch}&from=1`;
    const { status } = await fetch(`${cloud.url}/v1/segments?${query}`, {
      headers: { authorization: `Bearer ${old.welcome.session}` },
    });
    expect(status).toBe(409);
  });

  it("does not weaken what all hosts have, and gives way to what all are to have", async () => {
    await using cloud = await startTestCloud();
    await cloud.ban(RANGE);
    const effectOf = async (order: object) =>
      (await banned(cloud, order)).body.effects[0]?.effect;
    expect(await effectOf(ORDER)).toBe("would-weaken");
    expect(await effectOf({ ...ORDER, replace: true })).toBe("weakened");
    expect(await effectOf({ range: RANGE, for: "7d" })).toBe("extended");
    expect(await listed(cloud)).toMatchObject([{ rings: null }]);
  });

  it("is not shortened while it waits, but by who asks for that", async () => {
    await using cloud = await startTestCloud();
    await banned(cloud, ORDER);
    const [waiting] = await listed(cloud);
    const shorter = { range: RANGE, for: "4h" };
    const { effects } = (await banned(cloud, shorter)).body;
    expect(effects).toMatchObject([{ effect: "would-shorten" }]);
    expect(await listed(cloud)).toEqual([waiting]);
    const meant = (await banned(cloud, { ...shorter, replace: true })).body;
    expect(meant.effects).toMatchObject([{ effect: "shortened", rings: null }]);
    expect(await listed(cloud)).toMatchObject([{ rings: null }]);
  });

  it("says the times that hold, not those that nobody needed", async () => {
    await using cloud = await startTestCloud();
    const { rings } = (await banned(cloud, ORDER)).body;
    const again = await banned(cloud, { ...ORDER, rings: "1d,1d,1d" });
    expect(again.body).toMatchObject({
      ...{ decision: null, rings: null },
      effects: [{ effect: "unchanged", rings }],
    });
  });

  it("goes on waiting where a list has its range, and asks for less", async () => {
    await using cloud = await startTestCloud();
    await banned(cloud, ORDER);
    const [waiting] = await listed(cloud);
    const into = "/api/v1/imports?feed=urgent&list=seen&observe=true&for=30d";
    const { body } = await cloud.request("POST", into, `${RANGE}\n`);
    expect(body).toMatchObject({ counts: { "would-weaken": 1 } });
    expect(body).not.toMatchObject({ decision: null });
    const { decision: _, ...terms } = waiting as { decision: string };
    expect(await listed(cloud)).toMatchObject([terms]);
  });

  it.each(["10m,1h", "10m,1h,later", "0s,1h,6h", "10d,10d,11d", 7])(
    "is refused with the times %j",
    async (rings) => {
      const cloud = shared();
      const { status, body } = await banned(cloud, { ...ORDER, rings });
      expect(status).toBe(400);
      expect(body).toMatchObject({
        code: "invalid",
        errors: [{ field: "rings" }],
      });
    },
  );
});

interface Answer {
  readonly rings: Record<"canary" | "early" | "broad" | "all", string>;
  readonly effects: readonly { readonly effect: string }[];
}

const banned = (cloud: TestCloud, order: object) =>
  cloud.request<Answer>("POST", "/api/v1/bans", order);

async function listed(cloud: TestCloud): Promise<readonly object[]> {
  type Listed = { items: readonly object[] };
  return (await cloud.request<Listed>("GET", "/api/v1/bans")).body.items;
}

async function feeds(cloud: TestCloud) {
  type Feeds = { items: readonly { feed: string; epoch: string }[] };
  return (await cloud.request<Feeds>("GET", "/api/v1/feeds")).body.items;
}

async function readerOfRings(cloud: TestCloud, who: Enrolled) {
  const agent = TestAgent.dial(cloud.url, wire2);
  await agent.hello(who, [], { capabilities: ["rings"] });
  return Object.assign(agent, { welcome: await agent.next("welcome") });
}
