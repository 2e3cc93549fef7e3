import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, test } from "@jest/globals";
import type { GuardPolicy } from "../../agent/guard/facts.js";
import { holdingRule } from "../../agent/guard/guard.js";
import { shipped, tierNames } from "../../agent/guard/tiers.js";
import { covers, overlaps, parseListedCidr } from "../../agent/model/cidr.js";
import { facts, policy } from "../support/agent/agent-fixtures.js";

const data = resolve(process.env["TOURNIQUET_DATA"] ?? "../shared/data");

describe("the shipped tiers", () => {
  it.each(tierNames)("name no range of %s twice", (name) => {
    for (const range of shipped[name]) {
      const others = shipped[name].filter((each) => each !== range);
      expect(others.some((other) => covers(other, range))).toBe(false);
    }
  });
});

const strict: GuardPolicy = {
  ...policy,
  private: "protect",
  tiers: { publicResolvers: true, cdnEdges: true, tenantClouds: false },
};

const heldIn = (ranges: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const range of ranges) {
    const rule = holdingRule(parseListedCidr(range), facts, strict) ?? "none";
    counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
};

const named = (list: string) =>
  (
    JSON.parse(readFileSync(join(data, "never-ban", list), "utf8")) as {
      list: string[];
    }
  ).list;

const entries = (list: string) =>
  readFileSync(join(data, "firehol", list), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

const withData = existsSync(join(data, "never-ban")) ? describe : describe.skip;
if (withData === describe.skip) {
  process.stderr.write(`skipped: real lists, which are not in ${data}\n`);
}

withData("of real lists, the guard holds", () => {
  test.each([
    ["fastly.json", "cdn-edge"],
    ["rfc1918.json", "private-range"],
    ["rfc6598.json", "private-range"],
  ])("all of %s", (list, rule) => {
    const ranges = named(list);
    expect(heldIn(ranges)).toEqual({ [rule]: ranges.length });
  });

  it("all of cloudflare.json, its resolvers among them", () => {
    expect(heldIn(named("cloudflare.json"))).toEqual({
      "cdn-edge": 21,
      "public-resolver": 1,
    });
  });

  it("the hundred of level 4 that collide with Cloudflare", () => {
    const cloudflare = named("cloudflare.json").map(parseListedCidr);
    const collide = entries("firehol_level4.netset").filter((entry) => {
      const cidr = parseListedCidr(entry);
      return cloudflare.some((edge) => overlaps(edge, cidr));
    });
    expect(collide).toHaveLength(100);
    expect(heldIn(collide)).toEqual({ "cdn-edge": 100 });
  });

  it("the edges and the private ranges that block lists name", () => {
    const level4 = heldIn(entries("firehol_level4.netset"));
    expect(level4["cdn-edge"]).toBeGreaterThanOrEqual(100);
    const level1 = heldIn(entries("firehol_level1.netset"));
    expect(level1["private-range"]).toBeGreaterThanOrEqual(3);
  });
});
