import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import { filesOf } from "../../../cloud/folder.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { GlassHolds } from "../../../cloud/two-persons/refusals.js";
import {
  addresses,
  ban,
  letIn,
  list,
  Stage,
  waiting,
  type Opened,
} from "./stage.js";

const HOUR_MS = 3_600_000;
const DAY_S = 86_400;
const WIDE = "45.8.0.0/15";

describe("to undo a decision", () => {
  let stage: Stage;
  let cloud: Opened;
  let ann: Caller;
  let bo: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open({ flows: null });
    ann = await letIn(cloud, "ann", "approver");
    bo = await letIn(cloud, "bo", "approver");
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const release = (caller: Caller, id: string) =>
    cloud.proposing.release({
      ...{ caller, id, reason: "I looked" },
      mustStand: () => undefined,
    });
  /** Two persons have banned it. */
  const wideBan = async (): Promise<string> => {
    const order = ban([WIDE], { forSeconds: DAY_S });
    const { waiting: asked } = waiting(await cloud.orders.ban(ann, order));
    return (await release(bo, asked.id))[0]!.decision;
  };
  const imported = async (lines: readonly string[]): Promise<string> => {
    const came = await cloud.orders.import(ann, await list(lines));
    if (came.kind === "waits") throw new Error("it waits");
    return came.done.decision!.decision;
  };
  const undo = (
    caller: Caller,
    id: string,
    more: { dryRun?: boolean; breakGlass?: string; wrong?: boolean } = {},
  ) =>
    cloud.undoing.undo(caller, {
      decision: cloud.decisionLog.decision(id)!,
      ...{ reason: "a mistake", wrong: false, dryRun: false },
      ...{ breakGlass: undefined, ...more },
    });
  const banned = async (range: string, forSeconds = DAY_S): Promise<string> => {
    const order = { ...ban([range], { forSeconds }), replace: true };
    const came = await cloud.orders.ban(ann, order);
    if (came.kind === "waits") {
      return (await release(bo, came.waiting.id))[0]!.decision;
    }
    return came.done.decision!.decision;
  };
  const lifted = async (range: string): Promise<string> => {
    const came = await cloud.orders.lift(ann, {
      ...{ feeds: ["urgent"], ranges: [parseCidr(range)], within: false },
      ...{ reason: "", dryRun: false, breakGlass: undefined },
    });
    if (came.kind === "waits") throw new Error("it waits");
    return came.done.decisions[0]!.decision;
  };
  /** By two persons, where it takes them. */
  const undone = async (id: string): Promise<string> => {
    const came = await undo(ann, id);
    if (came.kind === "waits") {
      return (await release(bo, came.waiting.id))[0]!.decision;
    }
    return came.done.decision!.decision;
  };
  const standing = async (feed: "urgent" | "reputation" = "urgent") => {
    const look = await cloud.present.look([feed]);
    const all = [...(look?.within(feed, parseCidr("0.0.0.0/0")) ?? [])];
    return all.map(({ cidr }) => formatCidr(cidr));
  };

  it("is one person's within an hour of it, whatever it was", async () => {
    const decision = await wideBan();
    stage.clock.jump(HOUR_MS - 1_000);
    expect(await undo(ann, decision)).toMatchObject({
      ...{ kind: "done", dangers: [], done: { counts: { lifted: 1 } } },
    });
    expect(await standing()).toEqual([]);
  });

  it("takes two an hour later where it lifts what is wide", async () => {
    const decision = await wideBan();
    stage.clock.jump(HOUR_MS);
    const asked = waiting(await undo(ann, decision, { wrong: true }));
    const { id, dangers } = asked.waiting;
    expect(dangers).toEqual([
      {
        why: "wide",
        says: expect.stringContaining("than one person lifts at once"),
      },
    ]);
    expect(await standing()).toEqual([WIDE]);
    expect(await cloud.logged("undone")).toEqual([]);
    await expect(release(ann, id)).rejects.toThrow(/somebody else/);
    const [made] = await release(bo, id);
    expect(await standing()).toEqual([]);
    expect(await cloud.logged("undone")).toMatchObject([
      { undoes: decision, decision: made!.decision, wrong: true, by: "ann" },
    ]);
    const settled = await cloud.logged("proposal-settled");
    expect(settled.at(-1)).toMatchObject({
      ...{ proposal: id, decision: made!.decision },
    });
    await expect(release(bo, id)).rejects.toThrow(/was released/);
  });

  it("takes two an hour later where it lifts most of a list", async () => {
    const decision = await imported(addresses(20));
    stage.clock.jump(HOUR_MS);
    const { waiting: asked } = waiting(await undo(ann, decision));
    expect(asked).toMatchObject({
      ...{ action: "undo", count: 20, few: [], ownOrg: null },
      dangers: [{ why: "list", says: expect.stringContaining('"bad"') }],
    });
    await release(bo, asked.id);
    expect(await standing("reputation")).toEqual([]);
  });

  it("takes two an hour later where it bans again what is wide", async () => {
    await wideBan();
    const lift = await cloud.orders.lift(ann, {
      ...{ feeds: ["urgent"], ranges: [parseCidr(WIDE)], within: false },
      ...{ reason: "", dryRun: false, breakGlass: undefined },
    });
    if (lift.kind === "waits") throw new Error("it waits");
    stage.clock.jump(HOUR_MS);
    const id = lift.done.decisions[0]!.decision;
    const { waiting: asked } = waiting(await undo(ann, id));
    expect(asked.dangers).toMatchObject([
      { says: expect.stringContaining("one person bans") },
    ]);
    await release(bo, asked.id);
    expect(await standing()).toEqual([WIDE]);
  });

  it("stays one person's for what is narrow, however old", async () => {
    const order = ban(["203.0.113.7"], { forSeconds: DAY_S });
    const came = await cloud.orders.ban(ann, order);
    if (came.kind === "waits") throw new Error("it waits");
    stage.clock.jump(9 * HOUR_MS);
    const undone = await undo(ann, came.done.decision!.decision);
    expect(undone).toMatchObject({ kind: "done", dangers: [] });
  });

  it("only says what would make it wait, when it is a dry run", async () => {
    const decision = await wideBan();
    stage.clock.jump(HOUR_MS);
    expect(await undo(ann, decision, { dryRun: true })).toMatchObject({
      ...{ kind: "done", dangers: [{ why: "wide" }] },
      done: { decision: undefined, counts: { lifted: 1 } },
    });
    expect(await standing()).toEqual([WIDE]);
  });

  it("goes through a broken glass of an admin, and of nobody else", async () => {
    const decision = await wideBan();
    stage.clock.jump(HOUR_MS);
    const breakGlass = "nobody else is up";
    await expect(undo(ann, decision, { breakGlass })).rejects.toThrow(
      GlassHolds,
    );
    const boss = await letIn(cloud, "boss", "admin");
    const came = await undo(boss, decision, { breakGlass });
    expect(came).toMatchObject({ glass: expect.stringMatching(/^gls-/) });
    expect(await cloud.logged("glass-broken")).toMatchObject([
      { action: "lift", ranges: 1, by: "boss", feeds: ["urgent"] },
    ]);
    expect(await standing()).toEqual([]);
  });

  it("takes two where it bans again what is never to be banned, however fresh", async () => {
    await banned("203.0.113.7");
    const lift = await lifted("203.0.113.7");
    writeFileSync(filesOf(stage.dir).neverList, "203.0.113.0/24\n");
    for (const minutes of [1, 90]) {
      stage.clock.jump(minutes * 60_000);
      const { waiting: asked } = waiting(await undo(ann, lift));
      expect(asked.dangers).toEqual([
        { why: "never-ban", says: "203.0.113.7 is in never-ban.txt" },
      ]);
      await cloud.proposing.refuse(bo, asked.id, "no");
    }
    expect(await standing()).toEqual([]);
  });

  it("takes two where it bans a public resolver again, or what is wide", async () => {
    for (const [range, why] of [
      ["8.8.8.8", "never-ban"],
      [WIDE, "wide"],
    ] as const) {
      await banned(range);
      const { waiting: asked } = waiting(await undo(ann, await lifted(range)));
      expect(asked.dangers).toMatchObject([{ why }]);
    }
    expect(await standing()).toEqual([]);
  });

  it("is one person's within an hour where less is banned for it", async () => {
    await banned(WIDE);
    const longer = await banned(WIDE, 9 * DAY_S);
    expect(await undo(ann, longer)).toMatchObject({
      ...{ kind: "done", dangers: [], done: { counts: { restored: 1 } } },
    });
    const shorter = await banned(WIDE, 60);
    const { waiting: asked } = waiting(await undo(ann, shorter));
    expect(asked.dangers).toMatchObject([{ why: "wide" }]);
  });

  it("does not make good what came through a broken glass by being undone", async () => {
    const boss = await letIn(cloud, "boss", "admin");
    const breakGlass = "nobody else is up";
    const asked = await list([WIDE], { breakGlass });
    const came = await cloud.orders.import(boss, asked);
    if (came.kind === "waits") throw new Error("it waits");
    await undone(await undone(came.done.decision!.decision));
    expect(await standing("reputation")).toEqual([WIDE]);
    stage.clock.jump(13 * HOUR_MS);
    const again = await cloud.orders.import(ann, await list([WIDE]));
    expect(waiting(again).waiting.dangers).toMatchObject([{ why: "wide" }]);
  });

  it("leaves to a list what two persons let it ban, undone and undone again", async () => {
    const order = await list([WIDE]);
    const { waiting: asked } = waiting(await cloud.orders.import(ann, order));
    const [made] = await release(bo, asked.id);
    await undone(await undone(made!.decision));
    stage.clock.jump(13 * HOUR_MS);
    const again = await cloud.orders.import(ann, await list([WIDE]));
    expect(again).toMatchObject({ kind: "done", dangers: [] });
  });
});
