import { describe, expect, it } from "@jest/globals";
import { Dating } from "../../agent/sensors/dating.js";
import type { Arrival } from "../../agent/sensors/sensor-ports.js";

const HOUR = 3_600_000;
const FINDTIME = 600_000;
const NOW = Date.UTC(2026, 9, 25, 12, 0, 0);

/** A host whose time is so many hours ahead of UTC. */
const host = (hours = 0, mostMs = FINDTIME) =>
  new Dating(
    () => mostMs,
    () => hours * HOUR,
  );

/** A line without a zone, logged so long ago by a clock so many hours ahead. */
const local = (agoMs: number, hours = 0, now = NOW) => ({
  ms: now - agoMs + hours * HOUR,
  zoned: false,
});
const sure = (agoMs: number) => ({ ms: NOW - agoMs, zoned: true });

describe("the date of a line", () => {
  it.each(["appended", "again"] as const)("says how old it is: %s", (how) => {
    const age = (ms: number) => host(1).ageOf(sure(ms), how, NOW);
    expect([age(0), age(5_000), age(FINDTIME - 1)]).toEqual([
      ...[0, 5_000, FINDTIME - 1],
    ]);
    expect([age(FINDTIME), age(26 * HOUR)]).toEqual([undefined, undefined]);
    const mine = (ms: number) => host(1).ageOf(local(ms, 1), how, NOW);
    expect([mine(5_000), mine(FINDTIME)]).toEqual([5_000, undefined]);
  });

  it.each([-11, -3.5, -1, 0, 1, 2, 5.75, 12.75, 14])(
    "is of now where the logger's clock is %d hours ahead of UTC",
    (hours) => {
      const dating = host(1);
      const age = (ms: number) =>
        dating.ageOf(local(ms, hours), "appended", NOW);
      expect(age(1_000)).toBe(1_000);
      expect(age(300_000)).toBe(300_000);
      expect(age(FINDTIME + 20_000)).toBeUndefined();
    },
  );

  it("is not blind when summer time ends or begins, whoever notices first", () => {
    for (const [before, after] of [
      [2, 1],
      [1, 2],
    ] as const) {
      for (const known of [before, after]) {
        const dating = host(known);
        const age = (hours: number) =>
          dating.ageOf(local(500, hours), "appended", NOW);
        expect([age(before), age(before), age(after), age(after)]).toEqual([
          ...[500, 500, 500, 500],
        ]);
      }
    }
  });

  it.each([
    ["an hour and five minutes", HOUR + 300_000],
    ["a day", 24 * HOUR],
    ["eleven minutes", 660_000],
    ["two days and an hour", 49 * HOUR],
  ])("is no news though appended, %s old", (_, ms) => {
    expect(host(1).ageOf(local(ms, 1), "appended", NOW)).toBeUndefined();
    expect(host(1).ageOf(sure(ms), "appended", NOW)).toBeUndefined();
  });

  it("teaches no zone where it is read again", () => {
    const dating = host(0);
    expect(dating.ageOf(local(1_000, -2), "again", NOW)).toBeUndefined();
    expect(dating.ageOf(local(1_000, 0), "again", NOW)).toBe(1_000);
  });

  it("of the future is of now when it was appended, and no news otherwise", () => {
    for (const date of [sure(-FINDTIME), local(-FINDTIME + 1)]) {
      expect(host().ageOf(date, "appended", NOW)).toBe(0);
      expect(host().ageOf(date, "again", NOW)).toBeUndefined();
    }
    expect(host().ageOf(sure(-60_000), "again", NOW)).toBe(0);
  });

  it("may be missing in a line that was appended, not in one read again", () => {
    expect(host().ageOf(undefined, "appended", NOW)).toBe(0);
    expect(host().ageOf(undefined, "again", NOW)).toBeUndefined();
  });
});

describe("a log that is read from its start", () => {
  function read(dating: Dating, how: Arrival, ...ages: number[]) {
    const judged = ages.map((ms) => dating.ageOf(local(ms), how, NOW));
    dating.caughtUp();
    return judged;
  }

  it("is a copy where it has what is older than what was read", () => {
    const dating = host();
    read(dating, "appended", 90_000, 60_000, 30_000);
    expect(read(dating, "again", 90_000, 60_000, 30_000, 10_000)).toEqual([
      ...[undefined, undefined, undefined, 10_000],
    ]);
  });

  it("is no copy of itself, though it has lines of one moment", () => {
    const dating = host();
    read(dating, "appended", 90_000, 30_000);
    expect(read(dating, "again", 90_000, 30_000, 9_000, 9_000)).toEqual([
      ...[undefined, undefined, 9_000, 9_000],
    ]);
    expect(read(dating, "again", 90_000, 9_000, 8_000)).toEqual([
      ...[undefined, undefined, 8_000],
    ]);
  });

  it("is a copy by the lines of others, too", () => {
    const dating = host();
    read(dating, "appended", 30_000);
    dating.passed(local(300_000));
    expect(read(dating, "again", 30_000, 29_000)).toEqual([undefined, 29_000]);
  });

  it("is a new one where all of it is newer, though of the same second", () => {
    const dating = host();
    read(dating, "appended", 90_000, 30_000);
    expect(read(dating, "again", 30_000, 31_000, 10_000)).toEqual([
      ...[30_000, 31_000, 10_000],
    ]);
  });
});
