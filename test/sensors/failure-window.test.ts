import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Connections } from "../../agent/sensors/connections.js";
import { FailureWindow } from "../../agent/sensors/failure-window.js";
import { RepeatOffenders } from "../../agent/sensors/repeat-offenders.js";

const bounds = { findtimeMs: 1_000, maxretry: 3 };
const withRetries = (maxretry: number) => ({
  ...options,
  bounds: () => ({ ...bounds, maxretry }),
});
const options = { bounds: () => bounds, restMs: 100, mostSources: 50 };

describe("a window of failures", () => {
  it("tells of a source that fails too often within the time", () => {
    const window = new FailureWindow(options);
    expect(window.add("a", 0)).toBeUndefined();
    expect(window.add("b", 10)).toBeUndefined();
    expect(window.add("a", 500)).toBeUndefined();
    expect(window.add("a", 999)).toEqual({
      ...{ count: 3, firstAt: 0, lastAt: 999 },
    });
  });

  it("forgets failures that are older", () => {
    const window = new FailureWindow(options);
    for (let at = 0; at < 20_000; at += 500) {
      expect(window.add("a", at)).toBeUndefined();
    }
  });

  it("keeps what it counted where its bounds change", () => {
    let now = bounds;
    const window = new FailureWindow({ ...options, bounds: () => now });
    window.add("a", 0);
    window.add("a", 100);
    now = { findtimeMs: 5_000, maxretry: 4 };
    expect(window.add("a", 200)).toBeUndefined();
    now = bounds;
    expect(window.add("a", 300)).toMatchObject({ count: 4, firstAt: 0 });
  });

  it("does not listen for a moment to whom it has just told of", () => {
    const window = new FailureWindow(withRetries(1));
    expect(window.add("a", 0)).toBeDefined();
    expect(window.add("a", 99)).toBeUndefined();
    expect(window.add("a", 100)).toBeDefined();
  });

  it("agrees with a plain count, whatever comes in whatever order", () => {
    const failure = fc.record({
      source: fc.constantFrom("a", "b", "c"),
      wait: fc.integer({ min: 0, max: 700 }),
      count: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 60 }), (failures) => {
        const window = new FailureWindow({ ...options, restMs: 0 });
        let log: { source: string; at: number }[] = [];
        let now = 0;
        for (const { source, wait, count } of failures) {
          now += wait;
          const found = window.add(source, now, count);
          for (let i = 0; i < count; i++) log.push({ source, at: now });
          const counted = log.filter(
            (each) => each.source === source && each.at > now - 1_000,
          );
          const tooMany = counted.length >= 3;
          expect(found?.count).toBe(tooMany ? counted.length : undefined);
          if (tooMany) log = log.filter((each) => each.source !== source);
        }
      }),
    );
  });

  it("makes nobody's failures meet when time is said to jump", () => {
    const jumps = fc.array(fc.integer({ min: -1e9, max: 1e9 }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(jumps, (times) => {
        const window = new FailureWindow(withRetries(2));
        times.forEach((at, i) => {
          expect(window.add(`source ${i}`, at)).toBeUndefined();
        });
      }),
    );
  });

  it("still counts when time is said to go back", () => {
    const window = new FailureWindow(options);
    window.add("a", 1e9);
    window.add("a", 0);
    expect(window.add("a", -5)).toMatchObject({ count: 3 });
  });

  it("never remembers more than it may, and lets go of the longest quiet", () => {
    const window = new FailureWindow(options);
    window.add("early", 0, 2);
    for (let i = 0; i < 1_000; i++) window.add(`source ${i}`, 1);
    expect(window.size).toBe(50);
    expect(window.add("early", 2)).toBeUndefined();
    expect(window.add("source 999", 2, 2)).toBeDefined();
  });

  it("gets rid of what is over as others come", () => {
    const window = new FailureWindow(options);
    for (let i = 0; i < 50; i++) window.add(`source ${i}`, 0);
    for (let i = 0; i < 20; i++) window.add("another", 5_000 + i * 2_000);
    expect(window.size).toBe(1);
  });

  it("takes failures back", () => {
    const window = new FailureWindow(options);
    window.add("a", 0, 2);
    window.takeBack("a", 2);
    window.takeBack("nobody", 2);
    expect(window.add("a", 1, 2)).toBeUndefined();
  });
});

describe("the weight of a connection", () => {
  const total = (
    ...kinds: readonly ("attempt" | "failure" | "accepted")[]
  ): number => {
    const connections = new Connections(10);
    return kinds.reduce(
      (sum, kind) => sum + connections.weigh("c", kind, 0),
      0,
    );
  };

  it("is one for one that logs three lines of one attempt", () => {
    expect(total("failure", "failure", "attempt", "failure")).toBe(1);
  });

  it("is the number of its attempts", () => {
    expect(total("failure", "attempt", "attempt", "attempt", "failure")).toBe(
      3,
    );
  });

  it("is one for one that ended without an attempt", () => {
    expect(total("failure", "failure")).toBe(1);
  });

  it("is nothing once it has logged in", () => {
    expect(total("failure", "attempt", "attempt", "accepted")).toBe(0);
  });

  it("counts others for themselves, and the same one later too", () => {
    const connections = new Connections(10);
    expect(connections.weigh("a", "failure", 0)).toBe(1);
    expect(connections.weigh("b", "failure", 0)).toBe(1);
    expect(connections.weigh("a", "failure", 600_000)).toBe(1);
  });

  it("never falls below nothing, and is bounded in what it remembers", () => {
    const connections = new Connections(2);
    for (const each of ["a", "b", "c"]) connections.weigh(each, "failure", 0);
    expect(connections.weigh("a", "accepted", 0)).toBe(-0);
    expect(connections.weigh("c", "accepted", 0)).toBe(-1);
  });
});

describe("whoever comes back", () => {
  it("is banned twice as long each time, up to a week", () => {
    const offenders = new RepeatOffenders(() => 3_600, 10);
    let now = 0;
    const seconds = Array.from({ length: 10 }, () => {
      const sentence = offenders.sentence("a", now);
      now += sentence;
      return sentence;
    });
    const hours = seconds.map((each) => each / 3_600);
    expect(hours).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 168, 168]);
  });

  it("is not, for what was under way when the ban began", () => {
    const offenders = new RepeatOffenders(() => 3_600, 10);
    expect(offenders.sentence("a", 0)).toBe(3_600);
    expect(offenders.sentence("a", 15)).toBe(3_600);
  });

  it("is forgiven after as long again", () => {
    const offenders = new RepeatOffenders(() => 3_600, 10);
    offenders.sentence("a", 0);
    expect(offenders.sentence("a", 7_200)).toBe(3_600);
  });

  it("is never banned for less than the customer settled", () => {
    const month = 30 * 86_400;
    const offenders = new RepeatOffenders(() => month, 10);
    offenders.sentence("a", 0);
    expect(offenders.sentence("a", month)).toBe(month);
  });
});
