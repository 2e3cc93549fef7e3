import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import {
  diffLines,
  hunksOf,
  type DiffLine,
} from "../../../cloud/console/line-diff.js";

const SIGNS = { same: " ", gone: "-", new: "+" } as const;

const shown = (lines: readonly DiffLine[]): readonly string[] =>
  lines.map(({ kind, text }) => SIGNS[kind] + text);

const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 });

describe("what is different between two texts", () => {
  it("is nothing where they are the same", () => {
    expect(shown(diffLines("a\nb", "a\nb"))).toEqual([" a", " b"]);
  });

  it("is the lines that went and came, each with its number", () => {
    const lines = diffLines("a\nb\nc", "a\nx\nc\nd");
    expect(shown(lines)).toEqual([" a", "-b", "+x", " c", "+d"]);
    expect(lines.map(({ before, after }) => [before, after])).toEqual([
      ...[
        [1, 1],
        [2, undefined],
        [undefined, 2],
        [3, 3],
        [undefined, 4],
      ],
    ]);
  });

  it("gives either text back, whatever they are", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before.join("\n"), after.join("\n"));
        const of = (kind: DiffLine["kind"]) =>
          lines.filter((each) => each.kind !== kind).map((each) => each.text);
        expect(of("new").join("\n")).toBe(before.join("\n"));
        expect(of("gone").join("\n")).toBe(after.join("\n"));
      }),
    );
  });

  it("stays quick where texts have nothing in common", () => {
    const of = (name: string) =>
      Array.from({ length: 3_000 }, (_, at) => `${name} ${at}`).join("\n");
    expect(diffLines(of("a"), of("b"))).toHaveLength(6_000);
  });

  it("is shown with a few lines around it", () => {
    const before = ["1", "2", "3", "4", "5", "6"].join("\n");
    const lines = diffLines(before, before.replace("2", "two"));
    const parts = hunksOf(lines, 1);
    expect(
      parts.map((each) => (typeof each === "number" ? each : each.text)),
    ).toEqual(["1", "2", "two", "3", 3]);
  });
});
