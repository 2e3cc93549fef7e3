import { describe, expect, it } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import { readOps } from "../../../agent/protocol/segment.js";
import { openSnapshot, readBans } from "../../../agent/protocol/snapshot.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { sharedCloud } from "../../support/cloud/shared-cloud.js";
import { detection } from "../telemetry/items.js";

describe("a ban that is only observed", () => {
  const shared = sharedCloud();

  it("reaches agents as such, until it is banned again", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    await cloud.ban("203.0.113.7", { observe: true });
    expect(await nextOps(agent)).toEqual(["203.0.113.7 observed"]);
    expect(await urgentOf(cloud)).toMatchObject({ bans: 1, observed: 1 });

    await cloud.ban("203.0.113.7");
    expect(await nextOps(agent)).toEqual(["203.0.113.7"]);
    expect(await urgentOf(cloud)).toMatchObject({ bans: 1, observed: 0 });
  });

  it("is one in the list of decisions", async () => {
    await using cloud = await startTestCloud();
    await cloud.ban("203.0.113.7", { observe: true });
    await cloud.request(
      "POST",
      "/api/v1/imports?observe=true",
      "203.0.113.8\n",
    );
    await cloud.ban("203.0.113.9", { observe: false });
    await cloud.lift("203.0.113.7");
    const { body } = await cloud.request("GET", "/api/v1/decisions");
    expect(body).toMatchObject({
      items: [
        { action: "lift", observed: false },
        { action: "ban", observed: false },
        { action: "import", observed: true },
        { action: "ban", observed: true },
      ],
    });
  });

  it("stands in a snapshot beside those that are enforced", async () => {
    await using cloud = await startTestCloud();
    const into = "/api/v1/imports?feed=urgent";
    await cloud.request("POST", into, "192.0.2.1\n192.0.2.3\n192.0.2.5");
    const watched = { for: "30d", observe: true, replace: true };
    await cloud.ban("192.0.2.3", watched);
    await cloud.ban("2001:db8::/32", watched);
    const who = await cloud.enrol();
    const epoch = "another";
    const lost = { feed: "urgent", epoch, offset: 1, hash: Buffer.alloc(32) };
    using agent = await TestAgent.connect(cloud, who, [
      { ...lost, feed: "urgent" },
    ]);
    expect(await snapshotOf(cloud, agent)).toEqual([
      "192.0.2.1",
      "192.0.2.5",
      "192.0.2.3 observed",
      "2001:db8::/32 observed",
    ]);
  });

  it("keeps no rule from banning", async () => {
    await using cloud = await startTestCloud();
    using one = await TestAgent.connect(cloud, await cloud.enrol("one"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("two"));
    const attacker = "203.0.113.7";
    await cloud.ban(attacker, { for: "permanent", observe: true });
    expect(await nextOps(one)).toEqual([`${attacker} observed`]);
    await one.report(detection(attacker));
    await two.report(detection(attacker));
    expect(await nextOps(one)).toEqual([attacker]);
  });

  it.each([
    ["a word for yes or no", "POST", "/api/v1/bans", { observe: "yes" }],
    ["a number", "POST", "/api/v1/bans", { observe: 1 }],
    ["a word in a query", "POST", "/api/v1/imports?observe=yes", "192.0.2.1"],
    ["a lift", "POST", "/api/v1/lifts", { observe: true }],
  ])("is refused of %s", async (_, method, path, order) => {
    const cloud = shared();
    const body =
      typeof order === "string" ? order : { range: "192.0.2.1", ...order };
    const { status, body: answer } = await cloud.request(method, path, body);
    expect(status).toBe(400);
    expect(answer).toMatchObject({
      ...{ code: "invalid", errors: [{ field: "observe" }] },
    });
  });
});

const tell = (ban: {
  readonly cidr: Parameters<typeof formatCidr>[0];
  readonly observed: boolean;
}): string => formatCidr(ban.cidr) + (ban.observed ? " observed" : "");

async function nextOps(agent: TestAgent): Promise<readonly string[]> {
  const ops = readOps(await agent.nextSegment());
  return ops.map((op) => tell({ observed: false, ...op }));
}

async function urgentOf(cloud: TestCloud): Promise<unknown> {
  type Feeds = { items: { feed: string }[] };
  const { body } = await cloud.request<Feeds>("GET", "/api/v1/feeds");
  return body.items.find(({ feed }) => feed === "urgent");
}

async function snapshotOf(
  { url }: TestCloud,
  agent: Awaited<ReturnType<typeof TestAgent.connect>>,
): Promise<readonly string[]> {
  const plan = await agent.planOf(agent.welcome, "urgent");
  if (plan.mode !== "snapshot") throw new Error(`the plan is ${plan.mode}`);
  const response = await fetch(`${url}/v1/snapshots/${plan.sha256}`, {
    headers: { authorization: `Bearer ${agent.welcome.session}` },
  });
  const snapshot = openSnapshot(Buffer.from(await response.arrayBuffer()));
  return [...readBans(snapshot)].flat().map(tell);
}
