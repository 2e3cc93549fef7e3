import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import {
  addresses,
  ban,
  letIn,
  list,
  Stage,
  waiting,
  type Opened,
} from "./stage.js";

describe("an order takes two persons", () => {
  let stage: Stage;
  let cloud: Opened;
  let ann: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open();
    ann = await letIn(cloud, "ann", "analyst");
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const dangersOf = async (order: ReturnType<typeof ban>) =>
    waiting(await cloud.orders.ban(ann, order)).waiting.dangers;

  it.each([
    ["a wide range", "45.8.0.0/15", "wide", "45.8.0.0/15 is wider"],
    ["a wide range of IPv6", "2a01::/31", "wide", "/32 of IPv6"],
    ["a public resolver", "8.8.8.8", "never-ban", "8.8.8.8 holds a resolver"],
    ["the edge of a CDN", "104.16.1.0/24", "never-ban", "the edge of a CDN"],
  ])("that bans %s", async (_, range, why, says) => {
    const dangers = await dangersOf(ban(["203.0.113.7", range]));
    expect(dangers).toEqual([{ why, says: expect.stringContaining(says) }]);
    expect(await cloud.logged("decided")).toEqual([]);
  });

  it("that bans or lifts as much by many narrow ranges", async () => {
    const slash16 = (count: number) =>
      Array.from({ length: count }, (_, n) => `46.${n}.0.0/16`);
    expect(await dangersOf(ban([...slash16(16), "47.0.0.0"]))).toEqual([
      {
        why: "wide",
        says: "its narrow ranges come to 17 ranges of /16, and one person bans 16 in an order",
      },
    ]);
    const slash32 = Array.from({ length: 17 }, (_, n) => `2a01:${n}::/32`);
    expect(await dangersOf(ban(slash32))).toMatchObject([{ why: "wide" }]);
    const order = ban(slash16(16));
    expect(await cloud.orders.ban(ann, order)).toMatchObject({ kind: "done" });
    // What stands already is nothing new, and is not counted.
    const more = ban([...slash16(16), "47.0.0.0"]);
    expect(await cloud.orders.ban(ann, more)).toMatchObject({ kind: "done" });
    const lift = async (count: number) =>
      cloud.orders.lift(ann, {
        feeds: ["urgent"],
        ranges: slash16(count).map((each) => parseCidr(each)),
        ...{ within: true, reason: "", dryRun: false, breakGlass: undefined },
      });
    expect(waiting(await lift(17)).waiting.dangers).toMatchObject([
      { says: expect.stringContaining("one person lifts 16 in an order") },
    ]);
    expect(await lift(16)).toMatchObject({ kind: "done" });
  });

  it("that bans what is in never-ban.txt, and any while that cannot be read", async () => {
    const path = join(stage.dir, "never-ban.txt");
    writeFileSync(path, "203.0.113.0/28\n");
    const [danger] = await dangersOf(ban(["203.0.113.7"]));
    expect(danger?.says).toBe("203.0.113.7 is in never-ban.txt");
    writeFileSync(path, "our office\n");
    const [unread] = await dangersOf(ban(["198.51.100.9"]));
    expect(unread).toMatchObject({
      why: "never-ban",
      says: expect.stringContaining("never-ban.txt cannot be read"),
    });
  });

  it("that lifts whatever lies in a wide range, if anything does", async () => {
    const lift = {
      ...({ feeds: ["urgent"], ranges: [parseCidr("45.0.0.0/8")] } as const),
      ...{ within: true, reason: "", dryRun: false, breakGlass: undefined },
    };
    expect(await cloud.orders.lift(ann, lift)).toMatchObject({ kind: "done" });
    await cloud.orders.ban(ann, ban(["45.1.2.3"]));
    const came = waiting(await cloud.orders.lift(ann, lift));
    expect(came.waiting.dangers).toMatchObject([{ why: "wide" }]);
    const narrow = { ...lift, ranges: [parseCidr("45.1.2.0/24")] };
    expect(await cloud.orders.lift(ann, narrow)).toMatchObject({
      ...{ kind: "done", done: { decisions: [{ feed: "urgent" }] } },
    });
  });

  it("that replaces a list and lifts more than half of it", async () => {
    const bring = async (...lines: readonly string[]) =>
      cloud.orders.import(ann, await list(lines, { force: true }));
    await bring(...addresses(20));
    expect(await bring(...addresses(11))).toMatchObject({
      ...{ kind: "done", done: { replaced: { lifted: 9 } } },
    });
    const came = waiting(await bring(...addresses(8, 8)));
    expect(came.waiting.dangers).toEqual([
      {
        why: "list",
        says: 'it lifts 8 of the 11 ranges that list "bad" holds',
      },
    ]);
  });

  it("that imports a wide range for the first time, and no more once it stands", async () => {
    const bo = await letIn(cloud, "bo", "approver");
    const lines = ["45.8.0.0/15", ...addresses(10)];
    const came = waiting(await cloud.orders.import(ann, await list(lines)));
    expect(came.waiting.dangers).toMatchObject([{ why: "wide" }]);
    const { id } = came.waiting;
    const released = { caller: bo, id, reason: "", mustStand: () => undefined };
    expect(await cloud.proposing.release(released)).toHaveLength(1);
    await stage.clock.advance(3_600_000);
    const again = await cloud.orders.import(ann, await list(lines));
    expect(again).toMatchObject({
      ...{ kind: "done", done: { counts: { extended: 11 } } },
    });
  });

  it("that imports what somebody released elsewhere, and no more once the list has it", async () => {
    const bo = await letIn(cloud, "bo", "approver");
    const permanent = { forSeconds: undefined, feed: "reputation" } as const;
    const release = (came: { readonly waiting: { readonly id: string } }) =>
      cloud.proposing.release({
        ...{ caller: bo, id: came.waiting.id, reason: "" },
        mustStand: () => undefined,
      });
    const wide = ban(["45.8.0.0/15"], permanent);
    const bring = async () => {
      const order = await list(["45.8.0.0/15", ...addresses(10)]);
      const terms = { ...order.terms, forSeconds: undefined };
      return cloud.orders.import(ann, { ...order, terms });
    };
    await release(waiting(await cloud.orders.ban(ann, wide)));
    const came = waiting(await bring());
    expect(came.waiting.dangers).toMatchObject([{ why: "wide" }]);
    await release(came);
    // The ban is the operator's once more; the list has all of it already.
    await cloud.orders.ban(ann, wide);
    expect(await bring()).toMatchObject({
      ...{ kind: "done", done: { decision: undefined }, dangers: [] },
    });
  });

  it("not where hosts only observe, where nothing changes, or on a dry run, which says so", async () => {
    const wide = ["45.8.0.0/15"];
    const observed = ban(wide, { observed: true });
    expect(await cloud.orders.ban(ann, observed)).toMatchObject({
      ...{ kind: "done", dangers: [] },
    });
    const dry = ban(wide, { dryRun: true });
    expect(await cloud.orders.ban(ann, dry)).toMatchObject({
      ...{ kind: "done", glass: null, dangers: [{ why: "wide" }] },
    });
    const boss = await letIn(cloud, "boss", "admin");
    await cloud.orders.ban(boss, ban(wide, { breakGlass: "now" }));
    const same = await cloud.orders.ban(ann, ban(wide));
    expect(same).toMatchObject({ kind: "done", done: { decision: undefined } });
    expect(cloud.waiting.list({ all: true, limit: 10 })).toEqual([]);
  });
});

describe("hosts are asked before a ban that drops", () => {
  const flows = { hosts: 1, withinMs: 50 };

  /** Three hosts, of which the named ones answer, with so many open flows each. */
  function hosts(
    cloud: Opened,
    live: Readonly<Record<string, number>>,
    called: { readonly liveBegun?: number } = {},
  ) {
    const asked: (readonly string[])[] = [];
    cloud.impact.askThrough((_, { id, ranges }) => {
      asked.push(ranges);
      for (const [agent, count] of Object.entries(live)) {
        const own = { live: count, liveBegun: count };
        const counts = { ...own, ...called, recent: 0, recentBegun: 0 };
        queueMicrotask(() =>
          cloud.impact.heard(agent, {
            ...{ type: "impact-answer", id, ...counts, since: 0, whole: true },
          }),
        );
      }
      return ["a", "b", "c"];
    });
    return asked;
  }

  it("and it waits where it cuts more of them than one person may", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows });
    const ann = await letIn(cloud, "ann", "analyst");
    const asked = hosts(cloud, { a: 2, b: 1, c: 0 });
    const came = waiting(await cloud.orders.ban(ann, ban(["45.1.2.3"])));
    expect(came.waiting.dangers).toEqual([
      {
        why: "flows",
        says: "2 hosts have 3 open connections to it that they began, and one person cuts those of 1 at most (3 of 3 hosts that were asked have answered)",
      },
    ]);
    expect(asked).toEqual([["45.1.2.3"]]);
  });

  it("and whoever asks what it cuts is told that it would wait", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows });
    const found = { asked: 3, answered: 3, liveBegun: 3 };
    expect(cloud.orders.cuts({ ...found, affectedBegun: 2 })).toMatchObject([
      { why: "flows" },
    ]);
    expect(cloud.orders.cuts({ ...found, affectedBegun: 1 })).toEqual([]);
  });

  it("and it does not wait for connections that the attacker opened", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows });
    const ann = await letIn(cloud, "ann", "analyst");
    hosts(cloud, { a: 9, b: 9, c: 9 }, { liveBegun: 0 });
    expect(await cloud.orders.ban(ann, ban(["45.1.2.3"]))).toMatchObject({
      ...{ kind: "done", flows: { answered: 3, affectedBegun: 0 } },
    });
  });

  it("who is silent counts as nothing, and is said to have been asked", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows });
    const ann = await letIn(cloud, "ann", "analyst");
    hosts(cloud, { a: 2 });
    const order = cloud.orders.ban(ann, ban(["45.1.2.3"]));
    const turning = systemClock.every(5, () => void stage.clock.advance(10));
    using _turning = turning;
    expect(await order).toMatchObject({
      ...{ kind: "done", flows: { asked: 3, answered: 1, affectedBegun: 1 } },
    });
  });

  it("not of what is observed, of a dry run, or more than half as often as they answer", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows });
    const ann = await letIn(cloud, "ann", "analyst");
    const asked = hosts(cloud, { a: 0, b: 0, c: 0 });
    await cloud.orders.ban(ann, ban(["45.1.2.3"], { observed: true }));
    await cloud.orders.ban(ann, ban(["45.1.2.3"], { dryRun: true }));
    expect(asked).toEqual([]);
    for (const each of addresses(10)) await cloud.orders.ban(ann, ban([each]));
    expect(asked).toHaveLength(6);
    await stage.clock.advance(60_000);
    await cloud.orders.ban(ann, ban(["45.1.2.4"]));
    expect(asked).toHaveLength(7);
  });

  it("never, where the settings say so", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows: null });
    const ann = await letIn(cloud, "ann", "analyst");
    const asked = hosts(cloud, { a: 2, b: 2, c: 2 });
    const order = ban(["45.1.2.3"]);
    expect(await cloud.orders.ban(ann, order)).toMatchObject({ kind: "done" });
    expect(asked).toEqual([]);
  });
});

describe("with two persons switched off", () => {
  it("one person bans what is wide, and a machine's limits count all the same", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ enabled: false });
    const ann = await letIn(cloud, "ann", "analyst");
    const order = ban(["45.8.0.0/15", "8.8.8.8"]);
    expect(await cloud.orders.ban(ann, order)).toMatchObject({ kind: "done" });
    const limits = { perMinute: 9, widestV4: 24, widestV6: 64, longestS: 60 };
    const machine = await letIn(cloud, "ids", "actuator", { limits });
    waiting(await cloud.orders.ban(machine, ban(["45.1.2.3"])));
  });
});

describe("a machine", () => {
  const limits = { perMinute: 2, widestV4: 24, widestV6: 64, longestS: 600 };
  const short = { forSeconds: 600 };

  it("decides within its limits, and proposes beyond each of them", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open();
    const machine = await letIn(cloud, "ids", "actuator", { limits });
    const order = (range: string, more: object = short) =>
      cloud.orders.ban(machine, ban([range], more));
    expect(await order("45.1.2.0/24")).toMatchObject({ kind: "done" });
    const beyond = async (range: string, more: object) =>
      waiting(await order(range, more)).waiting.dangers;
    expect(await beyond("45.1.0.0/23", short)).toEqual([
      {
        why: "limits",
        says: "45.1.0.0/23 is wider than this machine's /24 (widestV4)",
      },
    ]);
    await stage.clock.advance(60_001);
    expect(await beyond("2a01:1::/63", short)).toMatchObject([
      { says: expect.stringContaining("widestV6") },
    ]);
    expect(await beyond("45.1.2.3", { forSeconds: 601 })).toMatchObject([
      { says: expect.stringContaining("longestS") },
    ]);
    await stage.clock.advance(60_001);
    await order("45.1.3.1");
    await order("45.1.3.2");
    expect(await beyond("45.1.3.3", short)).toMatchObject([
      { says: expect.stringContaining("perMinute") },
    ]);
    await stage.clock.advance(60_001);
    expect(await order("45.1.3.3")).toMatchObject({ kind: "done" });
  });

  it("gives lifts at its rate, too, and none without limits", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open();
    const machine = await letIn(cloud, "ids", "actuator");
    const lift = {
      ...({ feeds: ["urgent"], ranges: [parseCidr("45.1.2.3")] } as const),
      ...{ within: false, reason: "", dryRun: false, breakGlass: undefined },
    };
    const came = waiting(await cloud.orders.lift(machine, lift));
    expect(came.waiting.dangers).toMatchObject([
      { says: expect.stringContaining("perMinute") },
    ]);
  });
});
