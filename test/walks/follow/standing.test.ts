import { describe, expect, it } from "@jest/globals";
import type { FeedName } from "../../../agent/model/position.js";
import { FakeFeed } from "../../support/cloud/fake-cloud.js";
import { besieged } from "../../support/cloud/siege.js";
import { ManualClock } from "../../support/time/clock.js";

const MINUTE_MS = 60_000;
const REFUSED = "error: refused a dated head";

describe("a beat", () => {
  it("keeps the host's word on its feeds fresh, as heads do", async () => {
    await using watched = await besiegedSince();
    const { clock, link, world, state, findings } = watched;
    for (let minute = 0; minute < 30; minute += 5) {
      link.sayBeat(state, clock.now());
      await world.settled(link);
      await clock.advance(5 * MINUTE_MS);
    }
    expect(findings()).toEqual({});
    const head = world.host.trust.heads.head("urgent");
    expect(head?.time).toBe(clock.now() - 5 * MINUTE_MS);
  });

  it("is no fresher than the cloud has signed it", async () => {
    await using watched = await besiegedSince();
    const { clock, link, world, state, findings } = watched;
    const signedAt = clock.now();
    await clock.advance(15 * MINUTE_MS);
    link.sayBeat(state, signedAt);
    await world.settled(link);
    await clock.advance(1_000);
    expect(findings()["feed-stale"]).toContain(
      "urgent had no fresh head for 901 s",
    );
  });

  it.each([
    ["said again", 0],
    ["older than the last", -1_000],
  ])("that is %s makes nothing fresher", async (_, later) => {
    await using watched = await besiegedSince();
    const { clock, link, world, state, findings } = watched;
    link.sayBeat(state, clock.now());
    const again = clock.now() + later;
    for (let minute = 0; minute < 16; minute++) {
      link.sayBeat(state, again);
      await world.settled(link);
      await clock.advance(MINUTE_MS);
    }
    expect(findings()["feed-stale"]).toContain("urgent had no fresh head");
  });

  it("dated further ahead than clocks may differ is passed over", async () => {
    await using watched = await besiegedSince();
    const { clock, link, world, state } = watched;
    const before = world.host.trust.heads.head("urgent");
    link.sayBeat(state, clock.now() + 6 * MINUTE_MS);
    await world.settled(link);
    expect(world.host.trust.heads.head("urgent")).toEqual(before);
  });

  it.each(["stranger", "contentA"] as const)(
    "that the key %s signed counts for nothing",
    async (signer) => {
      await using watched = await besiegedSince();
      const { clock, link, world, state } = watched;
      const before = world.host.trust.heads.head("urgent");
      await clock.advance(1_000);
      link.sayBeat(state, clock.now(), signer);
      await world.settled(link);
      expect(world.host.trust.heads.head("urgent")).toEqual(before);
      expect(world.host.log.lines).toContain(REFUSED);
    },
  );

  it("about another state than the last is passed over", async () => {
    await using watched = await besiegedSince();
    const { clock, link, world, urgent, state } = watched;
    await clock.advance(1_000);
    link.sayState([urgent.at()], clock.now());
    await world.settled(link);
    const before = world.host.trust.heads.head("urgent");
    await clock.advance(1_000);
    link.sayBeat(state, clock.now());
    await world.settled(link);
    expect(world.host.trust.heads.head("urgent")).toEqual(before);
  });

  it("still counts after an older state was said again", async () => {
    await using watched = await besiegedSince();
    const { clock, link, world, urgent } = watched;
    await clock.advance(1_000);
    const newer = link.sayState([urgent.at()], clock.now());
    link.sayState([urgent.at()], clock.now() - 500);
    await clock.advance(1_000);
    link.sayBeat(newer, clock.now());
    await world.settled(link);
    const head = world.host.trust.heads.head("urgent");
    expect(head?.time).toBe(clock.now());
  });

  it("before any state is about nothing", async () => {
    const clock = new ManualClock(Date.now());
    await using siege = await besieged({ protocol: 2, clock });
    const { world, link, urgent } = siege;
    const state = link.sayState([urgent.at()], clock.now(), "stranger");
    link.sayBeat(state, clock.now());
    await world.settled(link);
    expect(world.host.trust.heads.head("urgent")).toBeUndefined();
    expect(world.host.ruleset).toEqual(["203.0.113.1"]);
  });
});

describe("a state", () => {
  it("of feeds that this host does not follow says nothing of its own", async () => {
    const clock = new ManualClock(Date.now());
    await using siege = await besieged({ protocol: 2, clock });
    const { world, link } = siege;
    link.sayHeads([new FakeFeed("org/globex").at({ time: clock.now() })]);
    await world.settled(link);
    const { heads } = world.host.trust;
    expect(heads.head("org/globex")).toBeUndefined();
    expect(heads.head("urgent")).toBeUndefined();
    expect(world.host.log.lines).not.toContain(REFUSED);
  });

  it("that leaves out a feed keeps that one stale", async () => {
    const clock = new ManualClock(Date.now());
    await using siege = await besieged({ protocol: 2, clock });
    const { world, link, urgent, findings } = siege;
    for (let minute = 0; minute <= 16; minute++) {
      link.sayHeads([urgent.at({ time: clock.now() })]);
      await world.settled(link);
      await clock.advance(MINUTE_MS);
    }
    expect(findings()["feed-stale"]).toContain("reputation had no fresh head");
    expect(findings()["feed-stale"]).not.toContain("urgent");
  });

  it("shows an agent that a segment is missing, and has it ask", async () => {
    await using siege = await besieged({ protocol: 2 });
    const { link, urgent } = siege;
    link.sayHeads([urgent.at({ offset: 2, hash: "cd".repeat(32) })]);
    expect(await link.find("resume")).toMatchObject({ feed: "urgent" });
  });
});

/** A host whose feeds were all said to stand where it does, a moment ago. */
async function besiegedSince() {
  const clock = new ManualClock(Date.now());
  const siege = await besieged({ protocol: 2, clock });
  const { link, world, urgent } = siege;
  const quiet = (["reputation", "org/acme"] as readonly FeedName[]).map(
    (feed) => new FakeFeed(feed).at(),
  );
  const state = link.sayState([urgent.at(), ...quiet], clock.now());
  await world.settled(link);
  return { ...siege, clock, state };
}
