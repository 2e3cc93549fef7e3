import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { formatAddress } from "../../../agent/model/cidr.js";
import type { Position } from "../../../agent/model/position.js";
import { NO_HASH } from "../../../agent/model/position.js";
import {
  positionAfter,
  TestAgent,
  wirePosition,
} from "../../support/agent/test-agent.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";

describe("an agent that comes back", () => {
  it("gets a short gap pushed, then what is new", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const position = await positionAfterBans(cloud, who, 1);
    await cloud.ban("203.0.113.101");
    await cloud.ban("203.0.113.102");

    using agent = await TestAgent.connect(cloud, who, [position]);
    expect(agent.welcome.plans[0]).toMatchObject({ mode: "tail" });
    await cloud.ban("203.0.113.103");
    const offsets = [
      (await agent.nextSegment()).header.first,
      (await agent.nextSegment()).header.first,
      (await agent.nextSegment()).header.first,
    ];
    expect(offsets).toEqual([2, 3, 4]);
  });

  it("is sent to the segments for a longer gap, and back to live", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    await cloud.request("POST", "/api/v1/imports", listOf(8_000, "10.1"));
    const position = await cloud
      .request("GET", "/api/v1/feeds")
      .then(reputation);
    await cloud.request("POST", "/api/v1/imports", listOf(2_000, "10.2"));

    using agent = await TestAgent.connect(cloud, who, [position]);
    const plan = await agent.planOf(agent.welcome, "reputation");
    expect(plan).toMatchObject({ mode: "segments", from: 8_001, to: 10_000 });

    await cloud.ban("192.0.2.1", { feed: "reputation" });
    const now = await cloud.request("GET", "/api/v1/feeds").then(reputation);
    agent.send({
      type: "resume",
      feed: "reputation",
      position: wirePosition(now),
    });
    const { plans } = await agent.next("plan");
    expect(plans).toEqual([
      { mode: "tail", feed: "reputation", epoch: now.epoch },
    ]);
    expect(agent.segments).toEqual([]);
    await cloud.ban("192.0.2.2", { feed: "reputation" });
    expect((await agent.nextSegment()).header.first).toBe(10_002);
  });

  it.each([
    ["another epoch", { epoch: "0" }],
    ["another hash", { hash: new Uint8Array(32).fill(7) }],
    ["an offset inside a segment", { offset: 1 }],
  ])("gets a snapshot when it has %s", async (_, wrong) => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    await cloud.request("POST", "/api/v1/imports", listOf(5, "10.1"));
    const position = await cloud
      .request("GET", "/api/v1/feeds")
      .then(reputation);

    using agent = await TestAgent.connect(cloud, who, [
      { ...position, ...wrong },
    ]);
    const plan = await agent.planOf(agent.welcome, "reputation");
    expect(plan).toMatchObject({ mode: "snapshot", offset: 5 });
  });

  it("may not resume a feed of another org", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol("one"));
    await cloud.enrol("two");
    agent.send({ type: "resume", feed: "org/two" });
    expect((await agent.ended).reason).toBe("bad-message");
  });

  it("hears nothing of another org's feed", async () => {
    await using cloud = await startTestCloud();
    using one = await TestAgent.connect(cloud, await cloud.enrol("one"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("two"));
    await cloud.ban("203.0.113.1", { feed: "org/two" });
    expect((await two.nextSegment()).header.feed).toBe("org/two");
    await cloud.ban("203.0.113.2");
    expect((await one.nextSegment()).header.feed).toBe("urgent");
  });
});

describe("an agent that reads too slowly", () => {
  it("is told to resync once it has read what was sent", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using slow = await TestAgent.connect(cloud, who);
    slow.socket.pause();
    await pushMoreThanSocketsHold(cloud);
    slow.socket.resume();
    expect(await slow.next("resync")).toEqual({
      ...{ type: "resync", feed: "urgent", reason: "lag" },
    });
  });
});

/** The kernel holds up to six megabytes for a reader, the cloud one. */
async function pushMoreThanSocketsHold(cloud: TestCloud): Promise<void> {
  for (let i = 0; i < 6; i++) {
    const bytes = randomBytes(16 * 100_000);
    const addresses = Array.from({ length: 100_000 }, (_, n) =>
      formatAddress(bytes.subarray(16 * n, 16 * n + 16)),
    );
    const list = addresses.join("\n");
    await cloud.request("POST", "/api/v1/imports?feed=urgent", list);
  }
}

async function positionAfterBans(
  cloud: TestCloud,
  who: Parameters<typeof TestAgent.connect>[1],
  bans: number,
): Promise<Position> {
  using agent = await TestAgent.connect(cloud, who);
  let position: Position | undefined;
  for (let i = 0; i < bans; i++) {
    await cloud.ban(`203.0.113.${i}`);
    position = positionAfter(await agent.nextSegment());
  }
  return position ?? { feed: "urgent", epoch: "", offset: 0, hash: NO_HASH };
}

function reputation({ body }: { body: unknown }): Position {
  const { items: feeds } = body as { items: (Position & { hash: unknown })[] };
  const found = feeds.find(({ feed }) => feed === "reputation")!;
  const { feed, epoch, offset, hash } = found;
  return { feed, epoch, offset, hash: Buffer.from(String(hash), "hex") };
}

const listOf = (count: number, prefix: string): string =>
  Array.from(
    { length: count },
    (_, i) => `${prefix}.${i >> 8}.${i & 255}`,
  ).join("\n");
