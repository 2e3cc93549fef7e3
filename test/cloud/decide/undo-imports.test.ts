import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Caller } from "../../../cloud/operators/caller.js";
import {
  addresses,
  letIn,
  list,
  Stage,
  type Opened,
} from "../two-persons/stage.js";
import type { Imported } from "../../../cloud/decide/import-orders.js";
import { DAY_S, deciding, HOUR_MS, idOf } from "./undo-stage.js";

describe("undo of an import", () => {
  let stage: Stage;
  let cloud: Opened;
  let ann: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open({ enabled: false });
    ann = await letIn(cloud, "ann", "analyst");
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const { at, banned, imported, undo, stands } = deciding(() => ({
    ...{ stage, cloud, ann },
  }));

  it("undoes a whole import, and what comes back is the list's again", async () => {
    const old = addresses(20);
    const [first = ""] = old;
    await imported(old);
    const before = await stands("reputation");
    stage.clock.jump(HOUR_MS);
    const wrong = await imported([first, ...addresses(20, 1_000)]);
    const done = await undo(wrong);
    expect(done).toMatchObject({ counts: { lifted: 20, restored: 20 } });
    expect(await stands("reputation")).toEqual(before);
    // The list goes on as if nothing had been: what it lacks next is lifted.
    await imported(old.slice(1));
    const left = await stands("reputation");
    expect(left.map(({ range }) => range)).toEqual(old.slice(1));
    expect(cloud.undoLog.listOf(done.decision!.decision)).toBe("bad");
  });

  it("says when the last of a list ends, what it kept and what came back included", async () => {
    const untilOf = (decision: string) =>
      cloud.decisionLog.decision(decision)?.until;
    const old = addresses(20);
    const [first = ""] = old;
    const ends = at(DAY_S);
    expect(untilOf(await imported(old))).toBe(ends);
    stage.clock.jump(HOUR_MS);
    const wrong = await imported(addresses(20, 1_000));
    expect(untilOf(wrong)).toBe(at(DAY_S));
    const { decision } = await undo(wrong);
    expect(untilOf(decision!.decision)).toBe(ends);
    const more = { feed: "reputation", forSeconds: 9 * DAY_S } as const;
    await banned([first], more);
    const longer = at(9 * DAY_S);
    stage.clock.jump(HOUR_MS);
    expect(untilOf(await imported(old))).toBe(longer);
    expect(untilOf(await imported([]))).toBeNull();
  });

  it("undoes an import of many segments in one decision, whose first append says so", async () => {
    const many = addresses(30_000);
    const decision = await imported(many);
    const done = await undo(decision, { wrong: true });
    expect(done.counts).toEqual({ lifted: 30_000 });
    expect(await stands("reputation")).toEqual([]);
    const [undone] = await cloud.logged("undone");
    const decided = (await cloud.logged("decided")).at(-1);
    expect(decided).toMatchObject({
      ...{ action: "import", list: "bad", ranges: 30_000, undoes: decision },
    });
    expect(undone).toMatchObject({
      ...{ seq: decided!.seq + 1, undoes: decision, wrong: true, by: "ann" },
      ...{ decision: decided!.decision, counts: { lifted: 30_000 } },
    });
  });

  it("keeps off an undone import what another list has as well", async () => {
    const [one = "", two = "", ...rest] = addresses(10);
    await imported([one, ...rest]);
    const other = { ...(await list([one, two])), list: "other" };
    const came = await cloud.orders.import(ann, other);
    const done = await undo(idOf(came as { done: Imported }));
    expect(done).toMatchObject({ counts: { lifted: 1, "as-before": 1 } });
    const left = await stands("reputation");
    expect(left.map(({ range }) => range)).toEqual([one, ...rest]);
  });

  it("leaves to a later import of the same list what that has again", async () => {
    const ranges = addresses(10);
    const decision = await imported(ranges);
    const again = await imported(ranges.slice(0, 8));
    expect(await undo(decision)).toMatchObject({
      counts: { changed: 10 },
      changedBy: [{ decision: again, ranges: 10 }],
    });
    expect(await stands("reputation")).toHaveLength(8);
  });

  it("brings back nothing that an emptied list has lifted since", async () => {
    const ranges = addresses(10);
    await imported(ranges);
    stage.clock.jump(HOUR_MS);
    const tuesday = await imported(ranges);
    const emptied = await imported([]);
    expect(await undo(tuesday)).toMatchObject({
      ...{ decision: undefined, counts: { changed: 10 } },
      changedBy: [{ decision: emptied, ranges: 10 }],
    });
    expect(await stands("reputation")).toEqual([]);
  });
});
