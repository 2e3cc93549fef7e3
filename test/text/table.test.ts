import { describe, expect, it } from "@jest/globals";
import { aligned, layoutOf, lineOf } from "../../agent/text/table.js";
import { spanText, timeText } from "../../agent/text/time.js";

const HEAD = ["range", "feed", "reason"];

describe("a table", () => {
  it("is aligned, without a rule under any row and without trailing blanks", () => {
    const rows = [
      ["203.0.113.7", "urgent", "ssh"],
      ["2001:db8::/32", "org/a", ""],
    ];
    expect(aligned(HEAD, rows).split("\n")).toEqual([
      "range          feed    reason",
      "203.0.113.7    urgent  ssh",
      "2001:db8::/32  org/a",
    ]);
  });

  it("fits 80 columns by cutting the widest column, and says so", () => {
    const rows = [["203.0.113.7", "urgent", "word ".repeat(40)]];
    const [, row = ""] = aligned(HEAD, rows, 80).split("\n");
    expect(row).toHaveLength(80);
    expect(row).toMatch(/^203\.0\.113\.7 {2}urgent {2}word .*…$/);
  });

  it("cuts nothing where there is no terminal", () => {
    const reason = "x".repeat(500);
    expect(aligned(HEAD, [["a", "b", reason]])).toContain(reason);
  });

  it("lets no cell begin a line of its own", () => {
    const forged = "scan\n203.0.113.9  urgent\r\u2028\u0085";
    expect(aligned(HEAD, [["a", "b", forged]]).split("\n")).toHaveLength(2);
  });

  it("counts what a terminal shows, not bytes or code units", () => {
    const rows = [
      ["Bäckerei Müller", "x"],
      ["東京", "x"],
      ["e\u0301te\u0301", "x"],
    ];
    expect(aligned(["org", "n"], rows).split("\n")).toEqual([
      "org              n",
      "Bäckerei Müller  x",
      "東京             x",
      "e\u0301te\u0301              x",
    ]);
  });

  it("takes rows that are wider than the first ones, and still fits", () => {
    const layout = layoutOf([HEAD, ["192.0.2.1", "urgent", "x"]], 40);
    const line = lineOf(["192.0.2.200", "reputation", "y"], layout);
    expect(line).toBe("192.0.2.200  reputation  y");
    const long = lineOf(["192.0.2.200", "reputation", "y".repeat(99)], layout);
    expect(long).toBe(`192.0.2.200  reputation  ${"y".repeat(14)}…`);
  });

  it("cuts sentences before names, which are of no use when they are cut", () => {
    const range = "2001:db8:1111:2222:3333:4444:5555:6666/127";
    const rows = [[range, "reputation", "a list of some sort or other"]];
    const [, row = ""] = aligned(HEAD, rows, 70).split("\n");
    expect(row).toBe(`${range}  reputation  a list of som…`);
  });

  it("keeps columns readable where there is no room for all", () => {
    const rows = [["a".repeat(40), "b".repeat(40), "c".repeat(40)]];
    const [, row = ""] = aligned(HEAD, rows, 10).split("\n");
    expect(row).toBe("aaaaaaa…  bbbbbbb…  ccccccc…");
  });
});

describe("times for people", () => {
  it("have no milliseconds, and are the same on every host", () => {
    expect(timeText(Date.UTC(2026, 10, 28, 3, 50, 53, 7))).toBe(
      "2026-11-28T03:50:53Z",
    );
    expect(timeText("2026-11-28T03:50:53.999Z")).toBe("2026-11-28T03:50:53Z");
  });

  it.each([
    [0, "0 s"],
    [59_400, "59 s"],
    [90_000, "2 min"],
    [3 * 3_600_000, "3 h"],
    [3 * 3_600_000 + 300_000, "3 h 5 min"],
    [52 * 3_600_000, "2 d 4 h"],
  ])("%d ms are %s", (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });
});
