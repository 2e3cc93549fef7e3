import { describe, expect, it } from "@jest/globals";
import { sentinelIn, shrinksTooMuch } from "../../agent/guard/sanity.js";
import { parseCidr } from "../../agent/model/cidr.js";

describe("a sentinel", () => {
  it.each([
    ["198.41.0.4", "198.41.0.4 holds 198.41.0.4, which no list does"],
    ["192.33.0.0/16", "192.33.0.0/16 holds 192.33.4.12, which no list does"],
    ["0.0.0.0/0", "0.0.0.0/0 holds 198.41.0.4, which no list does"],
    ["0.0.0.0/1", "0.0.0.0/1 holds 1.1.1.1, which no list does"],
    ["8.8.8.8", "8.8.8.8 holds 8.8.8.8, which no list does"],
    ["2001:500::/32", "2001:500::/32 holds 2001:500:2::c, which no list does"],
    ["::/0", "::/0 holds 2001:503:ba3e::2:30, which no list does"],
  ])("in %s is found", (range, told) => {
    const ranges = ["192.0.2.1", range].map(parseCidr);
    expect(sentinelIn(ranges)).toBe(told);
  });

  it("is not in what lists hold", () => {
    const ranges = ["192.33.5.0/24", "8.8.8.9", "127.0.0.0/8", "224.0.0.0/3"];
    expect(sentinelIn(ranges.map(parseCidr))).toBeUndefined();
  });
});

describe("a snapshot", () => {
  it.each([
    [1_000, 499, "499 bans would be left of 1000"],
    [20, 0, "0 bans would be left of 20"],
    [1_000, 500, undefined],
    [19, 0, undefined],
    [0, 0, undefined],
    [10, 1_000, undefined],
  ])("that makes %i bans %i", (from, to, told) => {
    expect(shrinksTooMuch({ remain: 0.5 }, { from, to })).toBe(told);
  });
});
