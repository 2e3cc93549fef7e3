import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Caller } from "../../../cloud/operators/caller.js";
import {
  addresses,
  ban,
  DAY_S,
  letIn,
  list,
  Stage,
  waiting,
  type Opened,
} from "./stage.js";

const WIDE = "45.8.0.0/15";
const WHY = "the whole block attacks, and nobody else is up";

describe("breaking the glass", () => {
  let stage: Stage;
  let cloud: Opened;
  let boss: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open({ flows: null });
    boss = await letIn(cloud, "boss", "admin");
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const broken = (caller: Caller, more: object = {}) =>
    cloud.orders.ban(caller, ban([WIDE], { breakGlass: WHY, ...more }));

  it("carries a dangerous order out at once, and the record says so beside it", async () => {
    const came = await broken(boss);
    if (came.kind !== "done") throw new Error("it waits");
    const [decided] = await cloud.logged("decided");
    const [event] = await cloud.logged("glass-broken");
    expect(event).toMatchObject({
      ...{ seq: decided!.seq + 1, glass: came.glass },
      ...{ decision: decided!.decision, action: "ban", feeds: ["urgent"] },
      ...{ ranges: 1, targets: [WIDE], dangers: [{ why: "wide" }] },
      ...{ operator: boss.operator, by: "boss", why: WHY },
      expiresAt: stage.clock.now() + 14_400_000,
    });
    expect(cloud.breakGlass.unreviewed()).toEqual({
      ...{ count: 1, since: expect.any(Number) },
    });
  });

  it("breaks nothing where nothing is dangerous, or nothing is done", async () => {
    const order = ban(["45.1.2.3"], { breakGlass: WHY });
    expect(await cloud.orders.ban(boss, order)).toMatchObject({ glass: null });
    expect(await broken(boss, { dryRun: true })).toMatchObject({ glass: null });
    expect(cloud.breakGlass.unreviewed().count).toBe(0);
  });

  it.each([
    ["25 h", 25 * 3_600],
    ["for ever", undefined],
  ])("lasts a day at most, and not %s", async (_, forSeconds) => {
    await expect(broken(boss, { forSeconds })).rejects.toThrow(
      "what breaks the glass lasts a day at most",
    );
    expect(await cloud.logged("decided")).toEqual([]);
    const day = await broken(boss, { forSeconds: DAY_S });
    expect(day).toMatchObject({ kind: "done" });
  });

  it("lasts no longer where a list sets terms of its own", async () => {
    const lines = addresses(9).map((each) => `add bad ${each} timeout 90000`);
    const text = ["create bad hash:net", ...lines];
    const order = await list(text, { breakGlass: WHY });
    await expect(cloud.orders.import(boss, order)).rejects.toThrow(
      "this would last 90000 seconds",
    );
  });

  it("is for admins of the vendor alone, who have just shown who they are", async () => {
    const approver = await letIn(cloud, "bo", "approver");
    const orgs = await letIn(cloud, "cy", "admin", { org: "acme" });
    for (const caller of [approver, orgs]) {
      await expect(broken(caller)).rejects.toThrow(
        "breaking the glass is for admins of the vendor",
      );
    }
    const long = { ...boss, steppedUpUntil: stage.clock.now() };
    await expect(broken(long)).rejects.toThrow("step up");
    await expect(
      broken({ ...boss, steppedUpUntil: null }),
    ).rejects.toMatchObject({ why: "step-up-needed" });
  });

  it("lets an admin lift and import, too", async () => {
    await broken(boss);
    await cloud.orders.ban(boss, ban(["45.1.2.3"], { feed: "reputation" }));
    const bring = async (...lines: readonly string[]) =>
      cloud.orders.import(
        boss,
        await list(lines, { force: true, breakGlass: WHY }),
      );
    await bring(...addresses(20));
    expect(await bring(...addresses(3))).toMatchObject({
      ...{ kind: "done", glass: expect.stringMatching(/^gls-/) },
    });
    const lift = await cloud.orders.lift(boss, {
      ...{ feeds: ["urgent", "reputation"], ranges: [EVERYTHING] },
      ...{ within: true, reason: "", dryRun: false, breakGlass: WHY },
    });
    expect(lift).toMatchObject({
      ...{ kind: "done", glass: expect.stringMatching(/^gls-/) },
    });
    const events = await cloud.logged("glass-broken");
    expect(events.map(({ action }) => action)).toEqual([
      ...["ban", "import", "lift", "lift"],
    ]);
    const decided = await cloud.logged("decided");
    const lifts = decided.filter(({ action }) => action === "lift");
    expect(events.slice(-2)).toMatchObject(
      lifts.map(({ decision, feed, seq }) => ({
        ...{ decision, feeds: [feed], seq: seq + 1, expiresAt: null },
      })),
    );
    expect(lift).toMatchObject({ glass: events.at(-2)?.glass });
  });

  describe("judges nothing for those who order after it", () => {
    let ann: Caller;
    beforeEach(async () => {
      ann = await letIn(cloud, "ann", "analyst");
    });

    const bring = async (
      caller: Caller,
      terms: object = {},
      more: { readonly breakGlass?: string; readonly list?: string } = {},
    ) => {
      const order = await list([WIDE, ...addresses(3)], more);
      const { list: name = "bad" } = more;
      return cloud.orders.import(caller, {
        ...{ ...order, list: name, terms: { ...order.terms, ...terms } },
      });
    };

    it("by the list that it brought, nor by another", async () => {
      const came = await bring(boss, {}, { breakGlass: WHY });
      expect(came).toMatchObject({ glass: expect.stringMatching(/^gls-/) });
      const longer = { forSeconds: undefined };
      for (const each of ["bad", "other"]) {
        const { waiting: order } = waiting(
          await bring(ann, longer, { list: each }),
        );
        expect(order.dangers).toMatchObject([{ why: "wide" }]);
      }
      expect(await cloud.logged("decided")).toHaveLength(1);
    });

    it.each([
      ["for less", {}],
      ["only to observe", { observed: true }],
    ])("by a list that leaves its ban as it is, %s", async (_, terms) => {
      await broken(boss, { feed: "reputation" });
      const less = { forSeconds: 3_600, ...terms };
      const { waiting: order } = waiting(await bring(ann, less));
      expect(order.dangers).toMatchObject([{ why: "wide" }]);
      expect(await cloud.logged("decided")).toHaveLength(1);
    });
  });

  describe("is reviewed", () => {
    const found = {
      verdict: "not-justified",
      reason: "it could wait",
    } as const;

    const glass = async () => {
      await broken(boss);
      return cloud.breakGlass.list({ all: false, limit: 1 })[0]!;
    };
    const review = async (
      broken: { readonly glass: string; readonly operator: string },
      caller: Caller,
    ) =>
      cloud.breakGlass.review({ ...broken, id: broken.glass }, caller, found);

    it("by somebody else, once", async () => {
      const bo = await letIn(cloud, "bo", "approver");
      const one = await glass();
      await expect(review(one, boss)).rejects.toThrow("somebody else reviews");
      expect(await review(one, bo)).toMatchObject({
        ...{ verdict: "not-justified", reviewedBy: "bo", bySelf: false },
      });
      await expect(review(one, bo)).rejects.toThrow(
        "was found not-justified by bo already",
      );
      expect(cloud.breakGlass.unreviewed().count).toBe(0);
      expect(cloud.breakGlass.list({ all: true, limit: 9 })).toHaveLength(1);
    });

    it("by the same where nobody else could sign in, and the record says so", async () => {
      await letIn(cloud, "gone", "approver", { credential: false });
      await letIn(cloud, "viewer", "viewer");
      await letIn(cloud, "theirs", "admin", { org: "acme" });
      const admins = cloud.operators
        .list()
        .filter(({ role, org }) => role === "admin" && org === null);
      const first = admins.find(({ id }) => id !== boss.operator)!.id;
      await cloud.append({
        ...{ kind: "operator-changed", operator: first, disabled: true },
        by: "test",
      });
      await review(await glass(), boss);
      const [event] = await cloud.logged("glass-reviewed");
      expect(event).toMatchObject({ by: "boss", bySelf: true, ...found });
    });
  });
});

const EVERYTHING = {
  family: 4,
  address: new Uint8Array(4),
  prefix: 0,
} as const;
