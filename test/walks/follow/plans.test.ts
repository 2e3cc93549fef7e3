import { describe, expect, it } from "@jest/globals";
import { ban } from "../../support/agent/agent-fixtures.js";
import { receiptOf, World } from "../../support/agent/world.js";
import { FakeFeed, handsOut } from "../../support/cloud/fake-cloud.js";
import { ManualClock, until } from "../../support/time/clock.js";

describe("a plan", () => {
  it("that nobody waits for is none", async () => {
    await using world = await World.open();
    const asked: string[] = [];
    world.cloud.serve = ({ url }) => void asked.push(url ?? "");
    const feeds = Array.from(
      { length: 300 },
      (_, n) => new FakeFeed(`org/x${n}`),
    );
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    for (const feed of [...feeds, urgent]) {
      feed.append([ban("203.0.113.1")]);
      const plan = feed.snapshotPlan(feed.snapshot([]));
      link.say({ type: "plan", plans: [plan] });
    }
    await world.settled(link);
    expect(asked).toEqual([]);
  });

  it("that the welcome left for later is waited for", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([]);
    link.say({ type: "plan", plans: [urgent.tail()] });
    link.push(urgent.append([ban("203.0.113.1")]));
    await receiptOf(link, 1);
    link.say({ type: "resync", feed: "urgent", reason: "lag" });
    await link.next("resume");
  });

  it("for a feed that is being fetched changes nothing", async () => {
    await using world = await World.open();
    const asked: string[] = [];
    world.cloud.serve = ({ url }) => void asked.push(url ?? "");
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1")]);
    const plan = urgent.segmentsFrom(1);
    const link = await world.cloud.welcomed([plan]);
    for (let n = 0; n < 20; n++) link.say({ type: "plan", plans: [plan] });
    await until("a fetch", () => asked.length > 0);
    await world.settled(link);
    expect(asked).toHaveLength(1);
  });

  it("is asked for once, however often the feed begins anew", async () => {
    const clock = new ManualClock(Date.now());
    await using world = await World.open({ clock, random: () => 1 });
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([urgent.tail()]);
    for (let n = 0; n < 1_000; n++) {
      link.say({ type: "resync", feed: "urgent", reason: "lag" });
    }
    await link.next("resume");
    await world.settled(link);
    expect(link.untaken).toEqual([]);
  });

  it("that never comes is asked for again, once heads show what is missing", async () => {
    await using world = await World.open();
    const urgent = new FakeFeed();
    const link = await world.cloud.welcomed([]);
    urgent.append([ban("203.0.113.1")]);
    link.heads(urgent);
    await world.settled(link);
    expect(link.untaken).toEqual([]);
    link.heads(urgent);
    await link.next("resume");
  });

  it("of what is in force already is followed ever more rarely", async () => {
    const clock = new ManualClock(Date.now());
    await using world = await World.open({ clock, random: () => 1 });
    const urgent = new FakeFeed();
    urgent.append([ban("203.0.113.1")]);
    const snapshot = urgent.snapshot([ban("203.0.113.1")]);
    world.cloud.serve = handsOut(snapshot);
    const plan = urgent.snapshotPlan(snapshot);
    const link = await world.cloud.welcomed([plan], 600_000);
    await link.find("resume");
    const { revision } = await world.host.state();
    const waits: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      link.say({ type: "plan", plans: [plan] });
      expect(await link.find("refusal")).toMatchObject({ code: "replayed" });
      await until("a wait", () => clock.due.some(isShort));
      waits.push(clock.due.find(isShort) ?? 0);
      await clock.advance(waits.at(-1) ?? 0);
      await link.find("resume");
    }
    expect(waits).toEqual([2_000, 8_000, 32_000]);
    expect((await world.host.state()).revision).toBe(revision);
  });
});

/** Shorter than the heartbeat of these tests. */
const isShort = (ms: number) => ms < 600_000;
