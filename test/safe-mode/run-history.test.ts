import { describe, expect, it } from "@jest/globals";
import { decide, isPoison, NO_RUNS } from "../../agent/safe-mode/decide.js";

const settings = { starts: 3, withinSeconds: 600, lastsSeconds: 900 };
const digest = "ab".repeat(32);
const died = (at: number, lasted = false) => ({ at, lasted });

describe("how a start is judged", () => {
  it("turns to safe mode at the third unclean start in time", () => {
    let record = decide(NO_RUNS, [], settings, 0).record;
    const modes = [1, 2, 3].map((minute) => {
      const next = decide(record, [], settings, minute * 60_000);
      record = next.record;
      return next.safeMode;
    });
    expect(modes).toEqual([false, false, true]);
  });

  it("forgets starts that are long ago, and those in the future", () => {
    const record = { ...NO_RUNS, unclean: [0, 9e6], running: died(1) };
    const { safeMode, ...next } = decide(record, [], settings, 700_000);
    expect(safeMode).toBe(false);
    expect(next.record.unclean).toEqual([700_000]);
  });

  it("does not count what lasted, or ended as it should", () => {
    const before = { ...NO_RUNS, unclean: [1, 2] };
    for (const running of [null, died(3, true)]) {
      const record = { ...before, running };
      expect(decide(record, [], settings, 9).safeMode).toBe(false);
    }
  });

  it("finds poison at the second death over it, and no safe mode then", () => {
    const running = died(1);
    const first = decide(
      { ...NO_RUNS, running },
      [{ digest, feed: "urgent" }],
      settings,
      2,
    );
    expect(first.found).toEqual([]);
    const before = { ...first.record, unclean: [1, 2] };
    const second = decide(before, [{ digest, feed: undefined }], settings, 3);
    expect(second.found).toEqual([{ digest, feed: "urgent", times: 2 }]);
    expect(second.safeMode).toBe(false);
    expect(decide(second.record, [], settings, 4).found).toEqual([]);
  });

  it("marks nothing after a clean end, nor where it is switched off", () => {
    const hand = [{ digest, feed: undefined }];
    const off = { ...settings, starts: 0 };
    expect(decide(NO_RUNS, hand, settings, 2).record.marks).toEqual([]);
    const record = { ...NO_RUNS, running: died(1) };
    expect(decide(record, hand, off, 2).record.marks).toEqual([]);
  });

  it("remembers no more than 64", () => {
    const marks = Array.from({ length: 64 }, (_, i) => ({
      digest: i.toString(16).padStart(64, "0"),
      times: 2,
    }));
    const before = { ...NO_RUNS, marks, running: died(1) };
    const { record } = decide(
      before,
      [{ digest, feed: undefined }],
      settings,
      2,
    );
    expect(record.marks).toHaveLength(64);
    expect(record.marks.at(-1)).toMatchObject({ digest, times: 1 });
    expect(record.marks.filter(isPoison)).toHaveLength(63);
  });
});
