import { describe, expect, it, test } from "@jest/globals";
import fc from "fast-check";
import {
  ONE_LINE,
  onOneLine,
  shown,
  unshownIn,
  unturned,
} from "../../agent/text/shown.js";

describe("what others wrote", () => {
  test.each([
    ["plain", "case 7: ßøœ 攻撃 שלום\n\tnext\r\n", undefined],
    ["a terminal's escape", "a\u001b[2K", "a\\u001b[2K"],
    ["one of one byte", "\u009b2J", "\\u009b2J"],
    ["a line that is written over", "one\rtwo\r\n", "one\\u000dtwo\r\n"],
    ["turned writing", "\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"],
    ["a line separator", "one\u2028two", "one\\u2028two"],
  ])("is shown as it is, but for what a terminal obeys: %s", (_, text, as) => {
    expect(shown(text)).toBe(as ?? text);
    expect(unshownIn(text) === -1).toBe(as === undefined);
  });

  it("stays the same in JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = shown(JSON.stringify({ text }));
        expect(unshownIn(json)).toBe(-1);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });

  it("turns nothing around it, and stays what it is in JSON but for that", () => {
    const text = "\u202egnp.exe\u2066 \u05e9\u05dc\u05d5\u05dd\n";
    const json = unturned(JSON.stringify({ text }));
    const as = "\u{fffd}gnp.exe\u{fffd} \u05e9\u05dc\u05d5\u05dd\n";
    expect(JSON.parse(json)).toEqual({ text: as });
  });

  it("is one line of a table, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(onOneLine(text)).toMatch(ONE_LINE);
      }),
    );
  });
});
