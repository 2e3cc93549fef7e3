import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { repeatsField } from "../../agent/protocol/repeated-field.js";

const repeats = (text: string) => repeatsField(text, JSON.parse(text));

describe("a field that is given twice", () => {
  it.each([
    ['{"a":1,"a":2}'],
    ['{"a":1,"\\u0061":2}'],
    ['[{"b":{"a":1,"a":1}}]'],
    ['{"__proto__":1,"__proto__":2}'],
    ['{"\\\\":1,"\\\\":2}'],
  ])("is found in %s", (text) => expect(repeats(text)).toBe(true));

  it.each([
    ['{"a":":\\":","b":"a:"}'],
    ['{"a:b":1,"a":[":"],"":{}}'],
    ['{"a":"\\\\","b":"\\\\\\"\\\\"}'],
    ['{"__proto__":1,"a":{"a":{"a":1}}}'],
    ["7"],
    ['"a:b"'],
  ])("is not found in %s", (text) => expect(repeats(text)).toBe(false));

  it("is found nowhere in what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(repeats(JSON.stringify(value, null, 1))).toBe(false);
      }),
    );
  });

  it("is looked for however deep a text is", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(repeats(deep)).toBe(false);
  });
});
