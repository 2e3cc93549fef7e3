import { randomUUID } from "node:crypto";
import { describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { Turns } from "../../../cloud/rate/turns.js";
import { detectionTables } from "../../../cloud/telemetry/detections.projection.js";
import {
  NEWEST,
  NEXT_HOST,
  NEXT_OF_ORG,
  NEXT_ORG,
  OF_HOST,
  EvidenceReader,
} from "../../../cloud/telemetry/evidence-reader.js";
import { planOf, watched } from "../../support/cloud/asked.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs, type Logs } from "../../support/cloud/logs.js";
import { detection } from "./items.js";

jest.setTimeout(60_000);

const ATTACKER = "203.0.113.7";
const DAY = 24 * 3_600_000;

describe("what hosts saw of an attacker", () => {
  it("is all that was told, where it is not much", async () => {
    await using stage = await openStage();
    for (let n = 0; n < 300; n++) await stage.tell("one/a");
    await stage.tell("two/b", { action: "held" });
    await stage.tell("two/gone");
    const seen = await stage.seen();
    expect(seen).toHaveLength(300);
    const [newest] = seen;
    expect(await stage.seen({ after: newest!.seq - 1 })).toEqual([newest]);
    expect(await stage.seen({ since: Date.now() + 1 })).toEqual([]);
  });

  it("is some of each host, however much one org tells", async () => {
    await using stage = await openStage();
    await stage.tell("quiet/q");
    for (let host = 0; host < 10; host++) {
      for (let n = 0; n < 160; n++) await stage.fill(`loud/${host}`);
    }
    await stage.tell("other/o");
    for (let n = 0; n < 10; n++) await stage.fill("loud/0");
    const { rows, seen } = await stage.counted();
    expect(new Set(seen.map(({ org }) => org))).toEqual(
      new Set(["quiet", "loud", "other"]),
    );
    const ofLoud = seen.filter(({ org }) => org === "loud");
    expect(new Set(ofLoud.map(({ agent }) => agent)).size).toBe(10);
    // 102,400 were told.
    expect(rows).toBeLessThan(3_000);
  });

  it("is what hosts say that are there, however many are gone", async () => {
    let now = Date.now() - 8 * DAY;
    const clock = { ...systemClock, now: () => now };
    await using stage = await openStage(clock);
    for (let n = 0; n < 300; n++) await stage.tell(`one/silent${n}`);
    now = Date.now() - 1_000;
    for (let n = 0; n < 300; n++) await stage.tell(`one/gone${n}`);
    await stage.tell("one/spent");
    const [{ seq: after } = { seq: 0 }] = await stage.seen();
    await stage.tell("one/y");
    await stage.tell("one/z");
    for (let n = 0; n < 10; n++) await stage.fill("two/loud");
    const told = (await stage.seen({ after })).map(({ agent }) => agent);
    expect(new Set(told)).toEqual(new Set(["y", "z", "loud"]));
  });

  it("is seen over the whole of a window, of a host that tells much", async () => {
    let now = Date.now() - 7 * DAY;
    const clock = { ...systemClock, now: () => now };
    await using stage = await openStage(clock);
    for (; now < Date.now(); now += DAY / 2) {
      for (let n = 0; n < 10; n++) await stage.fill("one/a");
    }
    const days = (await stage.seen()).map(({ time }) => Math.floor(time / DAY));
    expect(new Set(days).size).toBeGreaterThanOrEqual(7);
  });

  it("is nothing to look at where fewer told of it than any rule needs", async () => {
    await using stage = await openStage();
    await stage.tell("one/a");
    await stage.tell("one/b");
    const { evidence } = stage;
    const areThere = (orgs: number, hosts: number) =>
      evidence.areThere(ATTACKER, { orgs, hosts });
    expect([areThere(1, 0), areThere(2, 0)]).toEqual([true, false]);
    expect([areThere(0, 2), areThere(0, 3)]).toEqual([true, false]);
    await stage.tell("two/c");
    expect(areThere(2, 3)).toBe(true);
  });

  it("is found without a look at what others saw, and in its order", async () => {
    await using stage = await openStage();
    const named = { attacker: ATTACKER, after: 0, seq: 9, nth: 0, org: "one" };
    const host = { ...named, agent: "a", since: 0, before: 9, limit: 1 };
    const plan = (text: string) => {
      const values = text.includes("@") ? [host] : valuesOf(text);
      return planOf(stage.views.observed, text, values).join("\n");
    };
    for (const text of [NEWEST, NEXT_ORG, NEXT_HOST, NEXT_OF_ORG, OF_HOST]) {
      expect(plan(text)).toMatch(/^SEARCH detections USING .*\(attacker=\?/);
      expect(plan(text)).not.toMatch(/TEMP B-TREE/);
    }
    expect(plan(NEWEST)).toMatch(/attacker=\? AND .*seq/);
    expect(plan(OF_HOST)).toMatch(/org=\? AND agent=\? AND at>\? AND at<\?/);
  });
});

const valuesOf = (text: string): readonly string[] =>
  Array.from(text.matchAll(/\?/g), () => "x");

async function openStage(clock = systemClock) {
  const folder = temporaryFolder();
  const logs = await openLogs(folder.path, {
    ...{ clock, ofObservations: [detectionTables] },
  });
  const turns = new Turns(systemClock);
  const registry = {
    agent: (id: string) => ({ revokedAt: id.startsWith("gone") ? 1 : null }),
  };
  const evidence = new EvidenceReader(logs.views.observed, registry);
  const query = {
    ...{ attacker: ATTACKER, after: 0, now: Date.now() },
    since: Date.now() - 7 * DAY,
  };
  return {
    ...{ evidence, views: logs.views },
    /** As "org/agent". */
    tell: tellOf(logs, clock, 1),
    fill: tellOf(logs, clock, 64),
    seen: (more: Partial<typeof query> = {}) =>
      evidence.of({ ...query, ...more }, turns),
    counted: async () => {
      let rows = 0;
      const counting = watched(logs.views.observed, (_, came) => {
        rows += Array.isArray(came) ? came.length : 1;
      });
      const all = await new EvidenceReader(counting, registry).of(query, turns);
      return { rows, seen: all };
    },
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function tellOf(logs: Logs, clock: { now(): number }, items: number) {
  return async (
    who: string,
    more: Parameters<typeof detection>[1] = {},
  ): Promise<void> => {
    const [org = "", agent = ""] = who.split("/");
    const place = { spool: randomUUID(), first: 1 };
    const time = clock.now();
    await logs.observe({
      ...({ kind: "telemetry", agent, org, ...place } as const),
      items: Array.from({ length: items }, () =>
        detection(ATTACKER, { time, ...more }),
      ),
    });
  };
}
