import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { schedule } from "../../agent/runtime/schedule.js";
import { until } from "../support/time/clock.js";

describe("a schedule", () => {
  it("runs first when it is told to, then in its rhythm, until disposed", async () => {
    let runs = 0;
    {
      using _schedule = schedule({ everyMs: 20, firstMs: 0 }, async () => {
        runs++;
        return Promise.resolve();
      });
      await until("some runs", () => runs >= 3);
    }
    const done = runs;
    await sleep(60);
    expect(runs).toBe(done);
  });

  it("is over before it began when it is disposed first", async () => {
    let runs = 0;
    schedule({ everyMs: 10, firstMs: 20 }, async () => {
      runs++;
      return Promise.resolve();
    })[Symbol.dispose]();
    await sleep(60);
    expect(runs).toBe(0);
  });

  it("skips what is due while the run before is going on", async () => {
    let [running, most, runs] = [0, 0, 0];
    using _schedule = schedule({ everyMs: 5 }, async () => {
      most = Math.max(most, ++running);
      await sleep(25);
      running--;
      runs++;
    });
    await until("some runs", () => runs >= 3);
    expect(most).toBe(1);
  });

  it("goes on after a run that failed", async () => {
    let runs = 0;
    using _schedule = schedule({ everyMs: 5 }, () => {
      runs++;
      return Promise.reject(new Error("told elsewhere"));
    });
    await until("another run", () => runs >= 2);
  });
});
