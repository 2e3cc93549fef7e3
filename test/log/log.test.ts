import { describe, expect, it, test } from "@jest/globals";
import { assert, integer, property, string } from "fast-check";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { printable } from "../../agent/log/printable.js";

describe("printable text", () => {
  test.each([
    ["plain", "case 2026-0007: ßøœ 攻撃", "case 2026-0007: ßøœ 攻撃"],
    ["a second line", "one\ntwo\r\n", "one\\u000atwo\\u000d\\u000a"],
    ["a line separator", "one\u2028two\u2029", "one\\u2028two\\u2029"],
    ["a terminal's escape", "\u001b[2J\u009b2J", "\\u001b[2J\\u009b2J"],
    ["turned writing", "\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"],
    ["an Arabic letter mark", "\u061c", "\\u061c"],
  ])("shows %s", (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("is never longer than was asked for, and one line", () => {
    assert(
      property(
        string({ unit: "binary", maxLength: 200 }),
        integer({ min: 1, max: 50 }),
        (text, most) => {
          const shown = printable(text, most);
          expect(shown.length).toBeLessThanOrEqual(most);
          expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });

  it("shows where it was cut", () => {
    expect(printable("abcdef", 6)).toBe("abcdef");
    expect(printable("abcdefg", 6)).toBe("abcde…");
  });
});

describe("the log", () => {
  it("is one line an event on standard error, whatever it is told", async () => {
    const { stdout, stderr } = await logged("text", "debug");
    expect(stdout).toBe("");
    const [first, second, ...rest] = stderr.trimEnd().split("\n");
    expect(rest).toEqual([]);
    expect(first).toMatch(
      /^\S+Z WARN something came feed="urgent" why="broken: the cause\\\\u000ain two lines"$/,
    );
    expect(second).toMatch(/^\S+Z DEBUG a detail agent="a-1"$/);
  });

  it("leaves the time to the journal, and tells it the priority", async () => {
    const { stderr } = await logged("text", "debug", true);
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      '<4>WARN something came feed="urgent" why="broken: the cause\\\\u000ain two lines"',
      '<7>DEBUG a detail agent="a-1"',
    ]);
    const json = await logged("json", "info", true);
    expect(json.stderr).toMatch(/^<4>\{"feed":/);
  });

  it("is JSON where that was asked for", async () => {
    const { stderr } = await logged("json", "info");
    expect(JSON.parse(stderr)).toMatchObject({
      level: "warn",
      message: "something came",
      feed: "urgent",
    });
  });
});

/** What a process of its own writes when these things are logged. */
function logged(format: "text" | "json", level: string, journal = false) {
  const module = new URL("../../agent/log/winston-logger.js", import.meta.url);
  const script = `
    import { openLogger } from ${JSON.stringify(module.href)};
    const log = openLogger({ format: "${format}", level: "${level}", journal: ${journal} });
    const cause = new Error("the cause\\nin two lines");
    const why = new Error("broken", { cause });
    log.warn("something came", { feed: "urgent", why, rule: undefined });
    log.child({ agent: "a-1" }).debug("a detail");
  `;
  return promisify(execFile)(process.execPath, [
    ...["--input-type=module", "--eval", script],
  ]);
}
