import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { calendar } from "../../agent/runtime/calendar.js";
import { ManualClock, until } from "../support/time/clock.js";

const EVERY_SECOND = "* * * * * *";

describe("a calendar", () => {
  it("runs at its times until disposed", async () => {
    let runs = 0;
    const counting = async () => {
      runs++;
      return Promise.resolve();
    };
    {
      using _calendar = calendar(EVERY_SECOND, counting, new ManualClock());
      await until("two runs", () => runs >= 2);
    }
    const done = runs;
    await sleep(1_200);
    expect(runs).toBe(done);
  });

  it("goes on after the wall clock has jumped, forward and back", async () => {
    let runs = 0;
    const counting = async () => {
      runs++;
      return Promise.resolve();
    };
    const clock = new ManualClock();
    using _calendar = calendar(EVERY_SECOND, counting, clock);
    for (const jumpMs of [864_000_000, -864_000_000]) {
      clock.jump(jumpMs);
      await clock.advance(20_000);
      const before = runs;
      await until("another run", () => runs > before);
    }
  });
});
