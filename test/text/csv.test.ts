import { expect, it } from "@jest/globals";
import { csvLine } from "../../agent/text/csv.js";

it.each([
  ["=1+1", "'=1+1"],
  ["+49", "'+49"],
  ["-1", "'-1"],
  ["@SUM(1)", "'@SUM(1)"],
  [" =1", "' =1"],
  ["\t=1", "'\t'=1"],
  ["\ttab", "'\ttab"],
  ["\uFF1D1", "'\uFF1D1"],
  ["\r\n=1", `"'\r\n'=1"`],
  ["seen;=1+1", "seen;'=1+1"],
  ["seen; @SUM(1);-1", "seen;' @SUM(1);'-1"],
  ["seen\t+49", "seen\t'+49"],
  ["seen\n\uFF1D1", `"seen\n'\uFF1D1"`],
  ['seen;"=1+1"', `"seen;'""=1+1"""`],
  ["a; b = c; d - e", "a; b = c; d - e"],
  ["a,b", '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ["203.0.113.0/24", "203.0.113.0/24"],
  ["2001:db8::7", "2001:db8::7"],
  ["a = b", "a = b"],
  ["", ""],
])("writes %j so that a spreadsheet shows it", (cell, expected) => {
  expect(csvLine([cell])).toBe(expected);
});

it("writes what is no text as it is, and nothing for null", () => {
  expect(csvLine([true, -1, null, "x"])).toBe("true,-1,,x");
});
