import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { readRules } from "../../../cloud/rules/read-rules.js";
import {
  Trials,
  TrialRuns,
  type TrialPorts,
} from "../../../cloud/rules/trial.js";
import { BEHIND } from "../../../cloud/telemetry/past-detections.js";
import type { PastDetection } from "../../../cloud/telemetry/past-detections.js";
import { detectionTables } from "../../../cloud/telemetry/detections.projection.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { turnsDuring } from "../../support/time/turns.js";
import { rule } from "./asking.js";

const RULES = readRules(rule("orgs: 2, failures: 20"));

describe("a trial", () => {
  it("tells whom rules ban behind one of whom one org told much", async () => {
    const flood = Array.from({ length: 3_000 }, () => "loud");
    const past = [
      ...seen("203.0.113.1", [...flood, "quiet"]),
      ...seen("203.0.113.2", ["one", "two", "one", "two"]),
    ];
    const { trials } = trialsOn(past, { inAll: 5_000, ofAnOrg: 1_000 });
    const trial = await trials.run(RULES, 0);
    expect(trial.bans.map(({ range }) => range)).toContain("203.0.113.2");
    expect(trial).toMatchObject({ whole: false, detections: 3_005 });
    expect((await trialsOn(past).trials.run(RULES, 0)).whole).toBe(true);
  });

  it("counts what it takes to weigh orgs, of whichever org told just then", async () => {
    // In turns within a day and a bit: others of them are in the window each time.
    const apart = (25 * 3_600_000) / 80;
    const orgs = Array.from({ length: 4_000 }, (_, n) => `org${n % 80}`);
    const past = seen("203.0.113.1", orgs, apart);
    const most = { inAll: 100_000, ofAnOrg: 50_000 };
    const { trials, weighed } = trialsOn(past, most, orgs);
    expect((await trials.run(RULES, 0)).whole).toBe(false);
    expect(weighed.length).toBeGreaterThan(1_000);
    expect(weighed.length).toBeLessThanOrEqual(10_080);
  });

  it("keeps of one attacker a part alone of what one org told", async () => {
    const flood = Array.from({ length: 60_000 }, () => "loud");
    const past = seen("203.0.113.1", [...flood, "one", "two", "one", "two"]);
    const trial = await trialsOn(past, undefined, ["loud"]).trials.run(
      RULES,
      0,
    );
    expect(trial).toMatchObject({ whole: false, detections: 60_004, total: 1 });
    expect(trial.bans[0]).toMatchObject({ orgs: 2, failures: 20 });
  });

  it("reads a little at a time, in turns with all else", async () => {
    const past = seen(
      "203.0.113.1",
      Array.from({ length: 9_000 }, () => "a"),
    );
    const { trials, read } = trialsOn(past);
    const turns = await turnsDuring(() => trials.run(RULES, 0));
    expect(Math.max(...read)).toBeLessThanOrEqual(500);
    expect(turns).toBeGreaterThanOrEqual(read.length);
  });

  it("runs alone, and only while somebody waits for it", async () => {
    const { trials } = trialsOn(endless());
    const gone = new AbortController();
    const first = trials.run(RULES, 0, gone.signal);
    await expect(trials.run(RULES, 0)).rejects.toThrow(TrialRuns);
    gone.abort("the connection closed");
    await expect(first).rejects.toThrow(/nobody waits/);
    const already = trials.run(RULES, 0, AbortSignal.abort());
    await expect(already).rejects.toThrow(/nobody waits/);
  });

  it("goes through detections in their order without sorting them", async () => {
    using folder = temporaryFolder();
    await using logs = await openLogs(folder.path, {
      ofObservations: [detectionTables],
    });
    const rows = logs.views.observed
      .prepare(`EXPLAIN QUERY PLAN ${BEHIND}`)
      .all("", 0, 0, 1);
    const plan = rows.map((row) => (row as { detail: string }).detail).join();
    expect(plan).toMatch(
      /SEARCH detections USING INDEX detections_by_attacker/,
    );
    expect(plan).not.toMatch(/TEMP B-TREE/);
  });
});

/** One detection a second, or each so many milliseconds, by orgs in this order. */
const seen = (
  attacker: string,
  orgs: readonly string[],
  apart = 1_000,
): PastDetection[] =>
  orgs.map((org, n) => ({
    ...{ attacker, org, agent: `${org}/1`, seq: n + 1, nth: 0, sensor: "sshd" },
    ...{ at: apart * (n + 1), time: apart * (n + 1), failures: 5, held: 0 },
  }));

/** Without an end, as far as a test can tell. */
function* endless(): Generator<PastDetection, undefined> {
  for (let n = 0; ; n++) yield* seen(`203.0.${n}`, ["one", "two"]);
}

/** @param weightless orgs whose word counts for nothing */
function trialsOn(
  past: Iterable<PastDetection, undefined>,
  mostLooks?: TrialPorts["mostLooks"],
  weightless: readonly string[] = [],
) {
  const rows = past[Symbol.iterator]();
  const read: number[] = [];
  const weighed: string[] = [];
  const weightOf = (org: string) => (weightless.includes(org) ? 0 : 1);
  let ticks = 0;
  // Each look at the clock is the end of a turn.
  const clock = { ...systemClock, monotonic: () => (ticks += 10) };
  const trials = new Trials({
    ...{ clock, isTrusted: () => true, maxPerMinute: 60 },
    ...{
      veto: () => undefined,
      callers: () => 0,
      ...(mostLooks && { mostLooks }),
    },
    listed: () => Promise.resolve([]),
    book: {
      inForce: () => ({ version: 0, by: null, at: null, text: "", rules: [] }),
    },
    weights: {
      of: (orgs) => {
        const asked = [...orgs];
        weighed.push(...asked);
        return new Map(asked.map((org) => [org, { weight: weightOf(org) }]));
      },
    },
    past: {
      clippedHosts: () => 0,
      behind: (_, limit) => {
        const page: PastDetection[] = [];
        while (page.length < limit) {
          const next = rows.next();
          if (next.done === true) break;
          page.push(next.value);
        }
        read.push(page.length);
        return page;
      },
    },
  });
  return { trials, read, weighed };
}
