import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { UndoBusy } from "../../../cloud/decide/undo-gate.js";
import { CannotUndo } from "../../../cloud/decide/undo-orders.js";
import { beginNewEpochs } from "../../../cloud/new-epochs.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { loadCloud } from "../../../cloud/setup.js";
import { addresses, letIn, Stage, type Opened } from "../two-persons/stage.js";
import { DAY_S, deciding, dice, HOUR_MS, HOUR_S } from "./undo-stage.js";

describe("undo", () => {
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

  const { banned, lifted, imported, undo, stands, at } = deciding(() => ({
    ...{ stage, cloud, ann },
  }));

  it("lifts what a ban put into force", async () => {
    const decision = await banned(["203.0.113.7", "2001:db8:7::/48"]);
    const done = await undo(decision);
    expect(done).toMatchObject({ counts: { lifted: 2 }, changedBy: [] });
    expect(await stands()).toEqual([]);
    expect(cloud.decisionLog.decision(done.decision!.decision)).toMatchObject({
      ...{ action: "lift", by: "ann", ranges: 2, reason: "a mistake" },
      targets: ["203.0.113.7", "2001:db8:7::/48"],
    });
  });

  it("brings back what stood before on the very terms it had", async () => {
    await banned(["203.0.113.7"], { forSeconds: 2 * HOUR_S, observed: true });
    const before = await stands();
    const longer = await banned(["203.0.113.7"], { forSeconds: 9 * HOUR_S });
    expect(await stands()).not.toEqual(before);
    expect(await undo(longer)).toMatchObject({
      counts: { restored: 1 },
      first: [{ range: "203.0.113.7", effect: "restored", observed: true }],
    });
    expect(await stands()).toEqual(before);
  });

  it("does not bring back what has run out meanwhile", async () => {
    await banned(["203.0.113.7"], { forSeconds: HOUR_S });
    const longer = await banned(["203.0.113.7"], { forSeconds: 9 * HOUR_S });
    stage.clock.jump(2 * HOUR_MS);
    expect(await undo(longer)).toMatchObject({ counts: { lifted: 1 } });
    expect(await stands()).toEqual([]);
  });

  it("has the longer term back that a ban had shortened and outlived", async () => {
    await banned(["203.0.113.7"], { forSeconds: 9 * HOUR_S });
    const before = await stands();
    const more = { forSeconds: HOUR_S, replace: true };
    const shorter = await banned(["203.0.113.7"], more);
    stage.clock.jump(2 * HOUR_MS);
    expect(await stands()).toEqual([]);
    expect(await undo(shorter)).toMatchObject({ counts: { restored: 1 } });
    expect(await stands()).toEqual(before);
  });

  it("leaves what somebody decided on since, and says who and in what", async () => {
    const decision = await banned(["203.0.113.7", "203.0.113.8"]);
    const later = await banned(["203.0.113.7"], { forSeconds: 9 * HOUR_S });
    const gone = await lifted(["203.0.113.8"]);
    expect(await undo(decision)).toMatchObject({
      decision: undefined,
      counts: { changed: 2 },
      changedBy: [
        { decision: later, by: "ann", ranges: 1 },
        { decision: gone, by: "ann", ranges: 1 },
      ],
    });
    expect(await stands()).toMatchObject([{ range: "203.0.113.7" }]);
  });

  it("says what has run out, and publishes nothing for it", async () => {
    const decision = await banned(["203.0.113.7"], { forSeconds: HOUR_S });
    stage.clock.jump(2 * HOUR_MS);
    const { offset } = cloud.index.standing("urgent")!;
    expect(await undo(decision)).toMatchObject({
      ...{ decision: undefined, counts: { expired: 1 } },
    });
    expect(cloud.index.standing("urgent")!.offset).toBe(offset);
    expect(await cloud.logged("undone")).toEqual([]);
  });

  it("does nothing when it is only asked what it would do", async () => {
    const decision = await banned(["203.0.113.7"]);
    const asked = await undo(decision, { dryRun: true, wrong: true });
    expect(asked).toMatchObject({
      ...{ decision: undefined, counts: { lifted: 1 } },
    });
    expect(await stands()).toHaveLength(1);
    expect(await cloud.logged("undone")).toEqual([]);
  });

  it("bans again what a lift had lifted, for as long as it had left", async () => {
    await banned(["203.0.113.7", "203.0.113.8"]);
    const before = await stands();
    const lift = await lifted(["203.0.113.7", "203.0.113.8"]);
    expect(await stands()).toEqual([]);
    const done = await undo(lift);
    expect(done).toMatchObject({ counts: { restored: 2 } });
    expect(await stands()).toEqual(before);
    expect(cloud.decisionLog.decision(done.decision!.decision)).toMatchObject({
      ...{ action: "ban", ranges: 2, until: before[0]!.until },
    });
  });

  it("is a ban where it bans again, in the terms of what it brings back", async () => {
    const both = ["203.0.113.7", "203.0.113.8"];
    await banned(both.slice(0, 1), { forSeconds: 30 * DAY_S });
    const more = { forSeconds: HOUR_S, replace: true };
    const wrong = await banned(both, more);
    await cloud.observations.skipTo(50);
    const { counts, decision } = await undo(wrong);
    expect(counts).toEqual({ restored: 1, lifted: 1 });
    expect(cloud.decisionLog.decision(decision!.decision)).toMatchObject({
      ...{ action: "ban", observed: false, until: at(30 * DAY_S) },
      ...{ ranges: 2, targets: both },
    });
    // Rules need not look again at what they may not ban.
    expect(cloud.decisionLog.spentThrough("203.0.113.8")).toBe(50);
    expect(cloud.decisionLog.spentThrough("203.0.113.7")).toBe(0);
  });

  it("says that what it bans again is only observed", async () => {
    await banned(["203.0.113.7"], { forSeconds: HOUR_S, observed: true });
    const { decision } = await undo(await lifted(["203.0.113.7"]));
    expect(cloud.decisionLog.decision(decision!.decision)).toMatchObject({
      ...{ action: "ban", observed: true, until: at(HOUR_S) },
    });
  });

  it("undoes an undo", async () => {
    await banned(["203.0.113.7"], { forSeconds: HOUR_S });
    const longer = await banned(["203.0.113.7", "203.0.113.8"]);
    const before = await stands();
    const undone = await undo(longer);
    expect(await stands()).toMatchObject([{ until: at(HOUR_S) }]);
    await undo(undone.decision!.decision);
    expect(await stands()).toEqual(before);
  });

  it("goes by the feed's present epoch alone", async () => {
    await banned(["203.0.113.7"], { forSeconds: 2 * HOUR_S });
    await lifted(["203.0.113.7"]);
    await cloud[Symbol.asyncDispose]();
    const ports = { clock: stage.clock, log: silentLogger };
    await beginNewEpochs(loadCloud(stage.dir, undefined), ports);
    cloud = await stage.open({ enabled: false });
    const decision = await banned(["203.0.113.7"], { forSeconds: HOUR_S });
    expect(await undo(decision)).toMatchObject({ counts: { lifted: 1 } });
    expect(await stands()).toEqual([]);
  });

  it("reads one decision at a time, and refuses more than a few that wait", async () => {
    const decision = await banned(["203.0.113.7"]);
    const other = await imported(addresses(3));
    const asked = Array.from({ length: 20 }, () =>
      undo(decision, { dryRun: true }).catch((error: unknown) => error),
    );
    const elsewhere = undo(other);
    expect(await elsewhere).toMatchObject({ counts: { lifted: 3 } });
    const answers = await Promise.all(asked);
    const refused = answers.filter((each) => each instanceof UndoBusy);
    expect(refused).toHaveLength(17);
    expect(await undo(decision)).toMatchObject({ counts: { lifted: 1 } });
  });

  it("notes that a decision was wrong, once, though nothing of it is in force", async () => {
    const decision = await banned(["203.0.113.7"], { forSeconds: HOUR_S });
    stage.clock.jump(2 * HOUR_MS);
    await undo(decision, { wrong: true });
    await undo(decision, { wrong: true });
    const [undone, ...more] = await cloud.logged("undone");
    expect(more).toEqual([]);
    expect(undone).not.toHaveProperty("decision");
    expect(cloud.undoLog.undoings(decision)).toEqual([
      {
        ...{ at: stage.clock.now(), by: "ann", reason: "a mistake" },
        ...{ decision: null, wrong: true, counts: { expired: 1 } },
      },
    ]);
  });

  it("notes it anew where the undo that found it wrong was undone", async () => {
    const decision = await banned(["203.0.113.7"]);
    const found = (await undo(decision, { wrong: true })).decision!.decision;
    const again = (await undo(found)).decision!.decision;
    await undo(again);
    await undo(decision, { wrong: true });
    await undo(decision, { wrong: true });
    const undone = await cloud.logged("undone");
    expect(undone).toHaveLength(4);
    const noted = undone.at(-1);
    expect(noted).toMatchObject({ undoes: decision, wrong: true });
    expect(noted).not.toHaveProperty("decision");
  });

  it("does the rest, when it is asked again", async () => {
    const decision = await banned(["203.0.113.7"]);
    await undo(decision);
    expect(await undo(decision)).toMatchObject({
      ...{ decision: undefined, counts: { changed: 1 } },
      changedBy: [{ by: "ann" }],
    });
  });

  it("spends what a rule decided on, so that it does not decide so again", async () => {
    const { decision } = await cloud.deeds.ban(
      { feed: "urgent", by: "rule:crowd", evidence: [1], orgs: ["acme"] },
      [parseCidr("203.0.113.7")],
      { forSeconds: HOUR_S, reason: "seen by 3 orgs", observed: false },
    );
    await cloud.observations.skipTo(50);
    await undo(decision);
    expect(cloud.decisionLog.spentThrough("203.0.113.7")).toBe(50);
  });

  it("refuses a decision whose epoch is over, and one that is not there", async () => {
    const decision = await banned(["203.0.113.7"]);
    await cloud[Symbol.asyncDispose]();
    const ports = { clock: stage.clock, log: silentLogger };
    await beginNewEpochs(loadCloud(stage.dir, undefined), ports);
    cloud = await stage.open({ enabled: false });
    await expect(undo(decision)).rejects.toThrow(
      /epoch of urgent that is over/,
    );
    await expect(undo("dec-0")).rejects.toThrow(CannotUndo);
    expect(await stands()).toHaveLength(1);
  });

  it("takes what stands to what stood, whatever the last decision was", async () => {
    const random = dice(7);
    const pick = () =>
      `198.51.100.${Math.floor(random() * 6)}${random() < 0.2 ? "/32" : ""}`;
    for (let round = 0; round < 60; round++) {
      const before = await stands();
      const ranges = [pick(), pick(), pick()];
      const forSeconds = Math.ceil(random() * 12) * HOUR_S;
      const observed = random() < 0.3;
      const replace = random() < 0.5;
      const more = { forSeconds, observed, replace };
      const kind = random();
      const decision = await (
        kind < 0.6 ? banned(ranges, more) : lifted(ranges)
      ).catch(() => undefined);
      if (decision === undefined) continue;
      const after = await stands();
      if (random() < 0.6) {
        const undone = await undo(decision);
        expect([round, await stands()]).toEqual([round, before]);
        if (random() < 0.3 && undone.decision !== undefined) {
          await undo(undone.decision.decision);
          expect([round, await stands()]).toEqual([round, after]);
        }
      }
    }
  });
});
