import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { explain } from "../../../cloud/query/explain.js";
import { AGENTS } from "../../../cloud/query/lists/agents.js";
import { BANS } from "../../../cloud/query/lists/bans.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import type { ListSpec } from "../../../cloud/query/query.js";
import { anyQuery } from "./arbitraries.js";

describe("explaining a query", () => {
  it.each<[string, ListSpec, string]>([
    ["", AGENTS, "all hosts"],
    [
      "org:acme not state:online lastseen:<1h",
      AGENTS,
      "hosts of acme that are not connected, seen within the last hour",
    ],
    [
      "version:<1.2 lastseen:>1h",
      AGENTS,
      "hosts of version older than 1.2, seen longer than 1 hour ago",
    ],
    ["not lastseen:*", AGENTS, "hosts that were never seen"],
    ["not tag:*", AGENTS, "hosts without a tag"],
    [
      "host:web*,db1",
      AGENTS,
      "hosts called something that begins with “web” or db1",
    ],
    [
      "not state:online,revoked",
      AGENTS,
      "hosts that are not connected and that were not revoked",
    ],
    [
      "web 203.0.113.7",
      AGENTS,
      "hosts with “web” in any text, with 203.0.113.7 in any text",
    ],
    [
      'system:"Debian GNU/Linux 12"',
      AGENTS,
      "hosts with system “Debian GNU/Linux 12”",
    ],
    ["bans:>=5", AGENTS, "hosts with at least 5 bans in force"],
    ["enrolled:2026-11", AGENTS, "hosts enrolled in 2026-11"],
    [
      "until:<1h observed:no",
      BANS,
      "bans that end within the next hour, that are enforced",
    ],
    ["until:permanent", BANS, "bans that end never"],
    ["reason:*ssh*", BANS, "bans whose reason is something with “ssh” in it"],
    ['reason:"$& …"', BANS, "bans whose reason is “$& …”"],
    ["not org:*", BANS, "bans for everybody"],
  ])("%s", (text, list, says) => {
    expect(explain(parseQuery(text, list))).toBe(says);
  });

  it("has words for whatever there is", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        const says = explain(query);
        expect(says).toContain(query.list.noun);
        expect(says).not.toContain("undefined");
      }),
      { numRuns: 2_000 },
    );
  });

  it("has words for fields that a list has no more", () => {
    const terms = [
      { not: true, field: "gone", op: "is", values: ["x"] },
    ] as const;
    expect(() => explain({ list: AGENTS, terms })).not.toThrow();
  });
});
