import { describe, expect, it } from "@jest/globals";
import { lastRepeated, repeatIn } from "../../agent/sensors/repeats.js";

const said = "Failed password for x from 203.0.113.7 port 1 ssh2";

describe("a message that was folded", () => {
  it.each([
    [`message repeated 2 times: [ ${said}]`, 2, said],
    [`message repeated 2 times: [${said}]`, 2, said],
    [`message repeated 5 times: [ for ] x] from A]`, 5, "for ] x] from A"],
    [`message repeated 999999999 times: [ ${said}]`, 1_000, said],
    ["last message repeated 3 times", 3, undefined],
    ["last message repeated 1 time", 1, undefined],
    ["--- last message repeated 3 times ---", 3, undefined],
  ])("says what and how often: %s", (text, times, message) => {
    expect(repeatIn(text)).toEqual({ times, message });
  });

  it.each([
    [said],
    [`Invalid user message repeated 9 times: [ ${said}] from 203.0.113.7`],
    [`message repeated 9 times: [ ${said}] from 198.51.100.1`],
    [`x message repeated 9 times: [ ${said}]`],
    [`message repeated -9 times: [ ${said}]`],
    [`message repeated 9999999999 times: [ ${said}]`],
    ["last message repeated 3 times by me"],
    [""],
  ])("is told from others: %s", (text) => {
    expect(repeatIn(text)).toBeUndefined();
  });

  it.each([
    ["Nov 27 12:00:01 host last message repeated 2 times", 2],
    ["Nov 27 12:00:01 last message repeated 2 times", 2],
    ["2026-11-27T12:00:01Z host last message repeated 2 times", 2],
    ["x".repeat(8_000) + " last message repeated 2 times", undefined],
    ["Nov 27 12:00:01 host app: last message repeated 2 times", undefined],
    ["Nov 27 12:00:01 a b last message repeated 2 times", undefined],
  ])("has no program where BSD's syslog folds: %#", (line, times) => {
    expect(lastRepeated(line)?.times).toBe(times);
  });
});
