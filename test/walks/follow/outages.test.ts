import { describe, expect, it } from "@jest/globals";
import {
  LedgerCorrupt,
  LedgerUnwritable,
} from "../../../agent/ledger/damage.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import { ban, TestHost } from "../../support/agent/agent-fixtures.js";
import { BalkingEnforcer } from "../../support/agent/enforcers.js";
import { receiptOn, World } from "../../support/agent/world.js";
import {
  FakeCloud,
  FakeFeed,
  handsOut,
} from "../../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";

describe("an outage of the cloud", () => {
  it("changes nothing on the host", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.7")]));
    await receiptOn(link);
    const before = await world.host.state();

    await world.cloud[Symbol.asyncDispose]();
    await until("the loss", () => world.host.status.state.at === "down");
    expect(await world.host.state()).toEqual(before);
    expect(await world.host.holds("203.0.113.7")).toEqual([true]);
  });

  it("is over when the cloud answers at its address again", async () => {
    await using world = await World.open();
    const { port } = world.cloud;
    await world.cloud.welcomed();
    await world.cloud[Symbol.asyncDispose]();
    await until("the loss", () => world.host.status.state.at === "down");
    await using back = await FakeCloud.start(port);
    await back.welcomed();
    await until("the return", () => world.host.status.state.at === "up");
  });
});

describe("a new connection", () => {
  it("says where the agent stands, and again what is in force", async () => {
    await using world = await World.open();
    const [urgent, reputation] = [new FakeFeed(), new FakeFeed("reputation")];
    const first = await world.cloud.welcomed([
      urgent.tail(),
      reputation.tail(),
    ]);
    first.push(urgent.append([ban("203.0.113.1")]));
    first.push(urgent.append([ban("203.0.113.2")]));
    first.push(reputation.append([ban("203.0.113.3")]));
    for (let i = 0; i < 3; i++) await receiptOn(first);
    first.socket.terminate();

    const second = await world.cloud.link();
    second.challenge();
    const { signed } = await second.next("hello");
    expect(JSON.parse(signed)).toMatchObject({
      agent: "agent-1",
      cloud: "test-cloud",
      positions: [
        { feed: "reputation", offset: 1 },
        { feed: "urgent", offset: 2 },
      ],
    });
    second.sayWelcome([urgent.tail()]);
    const again = [await receiptOn(second), await receiptOn(second)];
    expect(again.map(({ position }) => position)).toEqual([
      expect.objectContaining({ feed: "urgent", offset: 2 }),
      expect.objectContaining({ feed: "reputation", offset: 1 }),
    ]);
  });

  it("says nothing of a feed that this host has left", async () => {
    await using world = await World.open();
    const former = { ...new FakeFeed("org/globex").position, offset: 1 };
    const position = { ...former, issuedAt: Date.now() };
    world.host.ledger.record({ position, ops: [], now: 0 });
    const link = await world.cloud.link();
    link.challenge();
    const { signed } = await link.next("hello");
    expect(JSON.parse(signed)).toMatchObject({ positions: [] });
  });

  it("to another cloud gets no hello", async () => {
    await using world = await World.open();
    const link = await world.cloud.link();
    link.challenge("somebody-else");
    await link.closed();
    expect(link.untaken).toEqual([]);
    expect(world.host.status.state).toMatchObject({
      why: "this host is enrolled with test-cloud, and somebody-else answered",
    });
  });
});

describe("a kernel that refused", () => {
  it("has its receipt sent on the same link once it gives in", async () => {
    const enforcer = new BalkingEnforcer();
    await using world = await World.open({ enforcer });
    enforcer.refusals = 3;
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.7")]));
    expect(await link.next("refusal")).toMatchObject({ code: "not-enforced" });
    expect(await receiptOn(link)).toMatchObject({
      position: { offset: 1 },
      revision: 1,
    });
    expect(await world.host.holds("203.0.113.7")).toEqual([true]);
  });
});

describe("a full ledger", () => {
  it("leaves all as it was, and takes the same segment once there is room", async () => {
    const clock = new ManualClock(Date.now());
    await using host = await TestHost.open({ clock, mostBytes: 300 * 1024 });
    const urgent = new FakeFeed();
    const next = (n: number) => urgent.append(network(`198.18.${n}`));
    const { segment, before } = await fill(host, next);

    expect(await host.state()).toEqual(before);
    await clock.advance(2 * 3_600_000);
    while (host.ledger.purge(unixSeconds(clock.now()), 2_000));
    expect(await host.carryOut(segment)).toMatchObject({ kind: "enforced" });
  });

  it("asks for a plan while it is full", async () => {
    await using world = await World.open({ mostBytes: 300 * 1024 });
    const urgent = new FakeFeed();
    const next = (n: number) => urgent.append(network(`198.18.${n}`));
    const { segment } = await fill(world.host, next);
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(segment);
    expect(await link.next("refusal")).toMatchObject({ code: "not-recorded" });
    await link.next("resume");
  });
});

describe("a ledger that breaks while it is in use", () => {
  const breaks = (damage: Error) => () => {
    throw damage;
  };

  it("by a segment ends following, so that it is opened anew", async () => {
    const corrupt = new LedgerCorrupt("ledger.db", "is damaged");
    await using world = await World.open();
    world.host.ledger.record = breaks(corrupt);
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    link.push(urgent.append([ban("203.0.113.7")]));
    expect(await world.link.broken).toBe(corrupt);
    await link.closed();
  });

  it("by a snapshot does so too", async () => {
    const unwritable = new LedgerUnwritable("ledger.db", "failed");
    await using world = await World.open();
    world.host.ledger.stage = breaks(unwritable);
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.7")]);
    const snapshot = urgent.snapshot([ban("203.0.113.7")]);
    world.cloud.serve = handsOut(snapshot);
    const link = await world.cloud.welcomed([urgent.snapshotPlan(snapshot)]);
    expect(await world.link.broken).toBe(unwritable);
    await link.closed();
  });
});

/** Carries segments out until one does not fit any more. */
async function fill(host: TestHost, next: (n: number) => Uint8Array) {
  for (let n = 0; n < 200; n++) {
    const before = await host.state();
    const segment = next(n);
    const outcome = await host.carryOut(segment);
    if (outcome.kind === "enforced") continue;
    expect(outcome.code).toBe("not-recorded");
    return { segment, before };
  }
  throw new Error("this ledger never gets full");
}

const network = (prefix: string) =>
  Array.from({ length: 256 }, (_, i) => ban(`${prefix}.${i}`));

describe("stopping", () => {
  it("waits for what is being taken in", async () => {
    const world = await World.open();
    const urgent = new FakeFeed();
    const bans = Array.from({ length: 30_000 }, (_, i) =>
      ban(`198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`),
    );
    urgent.append([ban("203.0.113.1")]);
    const snapshot = urgent.snapshot(bans);
    world.cloud.serve = (_request, response) => response.end(snapshot);
    await world.cloud.welcomed([urgent.snapshotPlan(snapshot)]);
    // The file is there for a few milliseconds only.
    const isFetched = () => world.host.files().length > 0;
    await until("the fetch", isFetched, 5_000, 1);
    await until("the adoption", () => world.host.files().length === 0);
    const { log } = world.host;
    await world[Symbol.asyncDispose]();
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([]);
    expect(log.lines).toContain("info: in force");
  });
});
