import { describe, expect, it } from "@jest/globals";
import { paced } from "../../agent/log/pace.js";
import { RecordingLogger } from "../support/agent/recording-logger.js";
import { ManualClock } from "../support/time/clock.js";

const start = (hasDebug = false) => {
  const log = new RecordingLogger();
  const clock = new ManualClock();
  return { log, clock, pace: paced(log, clock, () => hasDebug) };
};

describe("a log", () => {
  it("writes so much of one message in a minute, and says how much it left out", async () => {
    const { log, clock, pace } = start();
    for (let i = 0; i < 10_000; i++) pace.info("asked", { ranges: i });
    const written = log.lines.length;
    expect(written).toBeLessThan(600);
    pace.error("something else");
    expect(log.lines.at(-1)).toBe("error: something else");
    await clock.advance(60_000);
    expect(log.lines.at(-1)).toMatch(/^warn: left out of the log/);
    expect(log.fields.at(-1)).toEqual({
      message: "info: asked",
      left: 10_000 - written,
    });
    pace.info("asked", { ranges: 1 });
    expect(log.lines.at(-1)).toBe("info: asked");
  });

  it("counts bytes: a few long lines are as much as many short ones", () => {
    const { log, pace } = start();
    for (let i = 0; i < 100; i++)
      pace.warn("said", { what: "x".repeat(8_000) });
    expect(log.lines.length).toBeLessThan(10);
  });

  it("has what nobody sees push out nothing", () => {
    const { log, pace } = start();
    for (let i = 0; i < 10_000; i++) pace.debug("refused", { i });
    pace.error("refused", {});
    expect(log.lines).toEqual(["error: refused"]);
  });
});
