import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  CALM,
  next,
  PACE,
  type RepairBackoff,
} from "../../agent/enforce/repair-backoff.js";

const disturb = (contest: RepairBackoff, now: number) =>
  next(contest, { kind: "disturbed", now });

const look = (contest: RepairBackoff, now: number) =>
  next(contest, { kind: "time passed", now });

/** An opponent that undoes every repair so many milliseconds after it. */
function fight(rounds: number, afterMs: number): RepairBackoff[] {
  const story: RepairBackoff[] = [];
  let contest: RepairBackoff = CALM;
  for (let round = 0; round < rounds; round++) {
    const now = contest.at === "calm" ? 0 : contest.dueAt + afterMs;
    story.push((contest = disturb(contest, now)));
  }
  return story;
}

const waitOf = (contest: RepairBackoff) =>
  contest.at === "calm" ? 0 : contest.waitMs;

describe("a contest over the ruleset", () => {
  it("repairs at once at first, then waits twice as long each time", () => {
    expect(fight(16, 10).map(waitOf)).toEqual([
      ...[0, 0, 0, 0, 0, 0, 0, 0],
      ...[1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
    ]);
    expect(fight(16, 10).map(({ at }) => at)).toEqual([
      ...Array<string>(8).fill("disturbed"),
      ...Array<string>(8).fill("contested"),
    ]);
  });

  it("is calm once nothing happened for two minutes after a repair", () => {
    const contest = fight(12, 10).at(-1)!;
    const { dueAt } = contest as { dueAt: number };
    expect(look(contest, dueAt + PACE.calmAfterMs - 1)).toBe(contest);
    expect(look(contest, dueAt + PACE.calmAfterMs)).toBe(CALM);
    expect(disturb(contest, dueAt + PACE.calmAfterMs)).toEqual({
      ...{ at: "disturbed", repairs: 1, waitMs: 0 },
      dueAt: dueAt + PACE.calmAfterMs,
    });
  });

  it("never waits longer than a minute, nor shorter than before", () => {
    const gaps = fc.array(fc.nat(PACE.calmAfterMs - 1), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, (quiet) => {
        let contest: RepairBackoff = CALM;
        let before = 0;
        for (const gap of quiet) {
          const from = contest.at === "calm" ? 0 : contest.dueAt;
          contest = disturb(contest, from + gap);
          expect(waitOf(contest)).toBeGreaterThanOrEqual(before);
          expect(waitOf(contest)).toBeLessThanOrEqual(PACE.longestWaitMs);
          before = waitOf(contest);
        }
      }),
    );
  });

  it("bounds repairs to some eighty in an hour, however fast the other is", () => {
    const hour = fight(200, 0).filter(
      (contest) => contest.at !== "calm" && contest.dueAt < 3_600_000,
    );
    expect(hour.length).toBeLessThan(80);
  });
});
