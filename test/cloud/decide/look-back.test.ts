import { describe, expect, it, jest } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { LookBack } from "../../../cloud/decide/look-back.js";
import { builtIn } from "../../../cloud/rules/rule-set.js";
import { detectionTables } from "../../../cloud/telemetry/detections.projection.js";
import { PastDetections } from "../../../cloud/telemetry/past-detections.js";
import { eventually, temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { detection } from "../telemetry/items.js";
import { decisionsOf, openStage as openCloud } from "./past-stage.js";

jest.setTimeout(60_000);

const HOUR = 3_600_000;

describe("a look back", () => {
  it("comes to each org's newest soon, however much others told since", async () => {
    await using stage = await openStage();
    await stage.tell("quiet/q", ["203.0.113.1", "203.0.113.2"]);
    for (const host of ["a", "b", "c"]) {
      await stage.tell(`loud/${host}`, many(1_000, host));
    }
    const back = stage.lookBack();
    const first = stage.told(back, 250);
    expect(first).toEqual(expect.arrayContaining(["203.0.113.2"]));
    expect(first.length).toBeLessThan(1_000);
    expect(stage.told(back).length + first.length).toBe(3_002);
    expect(back.isOver).toBe(true);
  });

  it("reads a little at a time", async () => {
    await using stage = await openStage();
    await stage.tell("one/a", many(2_000, "a"));
    const back = stage.lookBack();
    while (!back.isOver) back.next();
    expect(Math.max(...stage.read)).toBeLessThanOrEqual(250);
  });

  it("names everybody once, and nobody from before any rule's window", async () => {
    await using stage = await openStage();
    const time = Date.now() - 2 * HOUR;
    await stage.tell("one/a", ["203.0.113.1", "203.0.113.1"]);
    await stage.tell("one/a", ["203.0.113.9"], { time });
    await stage.tell("two/b", ["203.0.113.1", "not an address"]);
    expect(stage.told(stage.lookBack())).toEqual(["203.0.113.1"]);
  });

  it("goes again for rules that are new, and not where some only end", async () => {
    await using stage = await openStage();
    await stage.tell("one/a", ["203.0.113.1"]);
    const back = stage.lookBack();
    const again = (inForce: number, inShadow: number) => {
      Object.assign(stage.versions, { inForce, inShadow });
      back.hear();
      return stage.told(back).length;
    };
    expect(stage.told(back)).toHaveLength(1);
    expect([again(0, 1), again(0, 1), again(0, 0)]).toEqual([1, 0, 0]);
    expect([again(2, 0), again(2, 3), again(2, 4)]).toEqual([1, 1, 1]);
  });

  it("goes over all for rules of now, though others come all the time", async () => {
    await using stage = await openStage();
    await stage.tell("one/a", many(500, "a"));
    const back = stage.lookBack();
    const told = new Set<string>();
    for (let n = 1; n < 600; n++) {
      stage.versions.inShadow = n;
      back.hear();
      const next = back.next();
      if (next !== undefined) told.add(next);
    }
    expect(told.size).toBe(500);
  });
});

describe("a cloud that starts", () => {
  it("decides on the newest, whoever stands before it", async () => {
    const correlation = { orgs: 2, windowMs: 24 * HOUR, standingDays: 0 };
    await using stage = await openCloud(
      (past) => {
        const honest = [past.org("one"), past.org("two")];
        for (const [nth, hosts] of honest.entries()) {
          for (const [n, who] of hosts.entries()) {
            const items = many(5_100, "abcd"[2 * nth + n] ?? "");
            past.told(
              who,
              0.1,
              items.map((each) => detection(each)),
            );
          }
          past.told(hosts[0]!, 0, [detection("203.0.113.99")]);
        }
        return { honest };
      },
      { correlation: { ...correlation, standingConfirmed: 0 } },
    );
    const decisions = await eventually(async () => {
      const found = await decisionsOf(stage.cloud);
      return found.length > 0 ? found : undefined;
    });
    expect(decisions[0]?.targets).toEqual(["203.0.113.99"]);
  });
});

/** So many addresses that nobody else tells of. */
function many(count: number, of: string): readonly string[] {
  const net = of.charCodeAt(0);
  return Array.from({ length: count }, (_, n) => {
    return `45.${net}.${n >> 8}.${n & 255}`;
  });
}

async function openStage() {
  const folder = temporaryFolder();
  const logs = await openLogs(folder.path, {
    ofObservations: [detectionTables],
  });
  const past = new PastDetections(logs.views.observed);
  const rules = builtIn({ orgs: 2, hosts: 0, windowMs: HOUR, banForS: 60 });
  const versions = { inForce: 0, inShadow: 0 };
  const about = { by: null, at: null, text: "", rules };
  const book = {
    inForce: () => ({ ...about, version: versions.inForce }),
    inShadow: () =>
      versions.inShadow > 0
        ? { ...about, version: versions.inShadow }
        : undefined,
  };
  const read: number[] = [];
  const noted = <T>(rows: readonly T[]): readonly T[] => {
    read.push(rows.length);
    return rows;
  };
  let numbers = 0;
  return {
    ...{ versions, read },
    lookBack: () =>
      new LookBack({
        ...{ clock: systemClock, log: silentLogger, book },
        past: {
          hosts: (...args) => noted(past.hosts(...args)),
          ofHost: (...args) => noted(past.ofHost(...args)),
        },
      }),
    /** Whom the next few steps tell of, or all. */
    told: (back: LookBack, steps = Infinity) => {
      const found: string[] = [];
      for (let n = 0; n < steps && !back.isOver; n++) {
        const next = back.next();
        if (next !== undefined) found.push(next);
      }
      return found;
    },
    /** As "org/agent". */
    tell: async (
      who: string,
      sources: readonly string[],
      more: Parameters<typeof detection>[1] = {},
    ) => {
      const [org = "", agent = ""] = who.split("/");
      const place = { spool: `spool-${++numbers}`, first: 1 };
      const items = sources.map((each) => detection(each, more));
      const told = { kind: "telemetry", agent, org, ...place, items } as const;
      await logs.observe(told);
    },
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
