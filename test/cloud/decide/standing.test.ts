import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { Standing } from "../../../cloud/decide/standing.js";
import { standingTables } from "../../../cloud/decide/standing.projection.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { TelemetryTaken } from "../../../cloud/journal/observation-events.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { ManualClock } from "../../support/time/clock.js";
import { detection } from "../telemetry/items.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const SETTINGS = {
  ...{ orgs: 3, standingDays: 14, standingHosts: 2, standingConfirmed: 3 },
};

describe("an org counts", () => {
  it("once enough of its hosts were seen over enough days", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.enrol("acme", 2);
    await world.enrol("tiny", 1);
    expect(world.among("acme", "tiny")).toEqual([]);
    world.clock.jump(14 * DAY_MS);
    expect(world.among("acme", "tiny")).toEqual([]); // silent since
    await world.seen("acme/1");
    await world.seen("tiny/1");
    expect(world.among("acme")).toEqual([]); // one of two
    await world.seen("acme/2");
    expect(world.among("acme", "tiny")).toEqual(["acme"]);
  });

  it("no more, once its hosts were revoked", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.settle("acme");
    await world.decide({ kind: "agent-revoked", agent: "acme/1", by: "first" });
    expect(world.among("acme")).toEqual([]);
  });

  it("by hosts that are old, however many new ones it enrols", async () => {
    await using world = await open({ ...SETTINGS, standingConfirmed: 0 });
    await world.enrol("acme", 1);
    world.clock.jump(20 * DAY_MS);
    await world.seen("acme/1");
    await world.enrol("acme", 100);
    expect(world.among("acme")).toEqual([]);
  });

  it("when others, who are not part of it, saw what it saw", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b", "c", "d"]) await world.settle(org);
    for (let n = 1; n <= 3; n++) {
      expect(world.among("a", "b", "c")).toEqual([]);
      for (const org of ["a", "b", "c", "d"])
        await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.among("a", "b", "c")).toEqual(["a", "b", "c"]);
    // All who ever confirmed each other, at once: nobody is left to bear witness.
    expect(world.among("a", "b", "c", "d")).toEqual([]);
  });

  it("with nobody's word but theirs, when they are twice as many as needed", async () => {
    await using world = await open(SETTINGS);
    const six = ["a", "b", "c", "d", "e", "f"];
    for (const org of six) await world.settle(org);
    expect(world.among(...six.slice(0, 5))).toEqual([]);
    expect(world.among(...six)).toEqual(six);
  });

  it("not by saying one thing often, nor by what its guard held", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b"]) await world.settle(org);
    const said = Array.from({ length: 50 }, (_, n) =>
      ["a", "b"].flatMap((org) => [
        sight(org, "192.0.2.1"),
        sight(org, `203.0.113.${n}`, "held"),
      ]),
    );
    await world.observe(...said.flat());
    expect(world.among("a")).toEqual([]);
  });

  it("not by the word of strangers, or of long ago", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b"]) await world.settle(org);
    await world.enrol("stranger", 2);
    for (let n = 1; n <= 5; n++) {
      for (const org of ["a", "stranger"])
        await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.among("a")).toEqual([]);
    for (let n = 11; n <= 15; n++) {
      for (const org of ["a", "b"]) await world.sees(org, `192.0.2.${n}`);
    }
    expect(world.among("a")).toEqual(["a"]);
    world.clock.jump(31 * DAY_MS);
    expect(world.among("a")).toEqual([]);
  });

  it("whoever mimics it: a thousand strangers do not displace who confirms it", async () => {
    await using world = await open(SETTINGS);
    for (const org of ["a", "b"]) await world.settle(org);
    for (let n = 1; n <= 5; n++) {
      for (const org of ["a", "b"]) await world.sees(org, `192.0.2.${n}`);
    }
    world.clock.jump(DAY_MS);
    const mimics = Array.from({ length: 40 }, (_, n) =>
      Array.from({ length: 30 }, (_, m) =>
        [`puppet${n}/${m}`, "a"].map((org) => sight(org, `198.51.${n}.${m}`)),
      ),
    );
    await world.observe(...mimics.flat(2));
    expect(world.among("a")).toEqual(["a"]);
  });
});

function sight(
  org: string,
  source: string,
  action: "banned" | "held" = "banned",
): TelemetryTaken {
  const rule = action === "held" ? { rule: "this-host" } : {};
  const items = [detection(source, { action, ...rule })];
  const from = { agent: `${org}/1`, org, spool: randomUUID(), first: 1 };
  return { kind: "telemetry", ...from, items };
}

async function open(settings: typeof SETTINGS) {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const ofObservations = [standingTables];
  const logs = await openLogs(folder.path, { clock, ofObservations });
  const standing = new Standing(logs.views, settings, clock);
  const hosts = new Map<string, number>();
  const seen = (agent: string) =>
    logs.observe({ kind: "agent-seen", agent, version: "0.1.0" });
  const enrol = async (org: string, count: number) => {
    const before = hosts.get(org) ?? 0;
    hosts.set(org, before + count);
    const enrolled = Array.from({ length: count }, (_, n): DecisionEvent => {
      const agent = `${org}/${before + n + 1}`;
      const host = { hostname: agent, system: "Linux", version: "0.1.0" };
      const secrets = { tokenHash: agent, publicKey: "" };
      return { kind: "agent-enrolled", agent, org, ...secrets, ...host };
    });
    await logs.decide(...enrolled);
  };
  return {
    ...{ clock, seen, enrol, decide: logs.decide, observe: logs.observe },
    settle: async (org: string) => {
      clock.jump(-20 * DAY_MS);
      await enrol(org, 2);
      clock.jump(20 * DAY_MS);
      for (const n of [1, 2]) await seen(`${org}/${n}`);
    },
    sees: (org: string, source: string) => logs.observe(sight(org, source)),
    among: (...orgs: readonly string[]) => [...standing.among(orgs)].sort(),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
