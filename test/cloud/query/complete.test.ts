import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { complete, type Known } from "../../../cloud/query/complete.js";
import { AGENTS } from "../../../cloud/query/lists/agents.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import { QueryError, type ListSpec } from "../../../cloud/query/query.js";
import { LISTS, anyText } from "./arbitraries.js";

const KNOWN: Known = {
  ...{ org: ["acme", "beta co"], tag: ["web"], version: ["0.6.0", "0.7.0"] },
};

/** "|" is the caret; what comes of each option. */
function completed(text: string, known: Known = KNOWN): readonly string[] {
  const at = text.indexOf("|");
  const plain = text.replace("|", "");
  const { from, to, options } = complete(plain, at, AGENTS as ListSpec, known);
  return options.map(
    ({ insert }) => plain.slice(0, from) + insert + plain.slice(to),
  );
}

describe("completing a query", () => {
  it("offers every field of the list, and not", () => {
    const all = AGENTS.fields.map(({ name }) => `${name}:`);
    expect(completed("|")).toEqual([...all, "not "]);
    expect(completed("org:acme |")).toEqual(
      [...all, "not "].map((each) => `org:acme ${each}`),
    );
  });

  it.each<[string, readonly string[]]>([
    ["h|", ["host:", "health:", "held:"]],
    ["no|", ["not "]],
    ["not h|", ["not host:", "not health:", "not held:"]],
    ["-ho|", ["-host:"]],
    ["H|", ["host:", "health:", "held:"]],
    ["ho|st:x", ["host:x"]],
    [
      "state:|",
      [
        "state:online",
        "state:offline",
        "state:left",
        "state:revoked",
        "state:*",
      ],
    ],
    ["state:of|", ["state:offline"]],
    ["state:o|nline org:a", ["state:online org:a", "state:offline org:a"]],
    [
      "state:online,|",
      ["state:online,offline", "state:online,left", "state:online,revoked"],
    ],
    ["org:|", ["org:acme", 'org:"beta co"', "org:*"]],
    ['org:"be|', ['org:"beta co"']],
    ['org:"be|x" web', ['org:"beta co" web']],
    ["org:b|", ['org:"beta co"']],
    ["unhealthy:y|", ["unhealthy:yes"]],
    ["version:<|", ["version:<0.6.0", "version:<0.7.0", "version:<1.0"]],
    ["lastseen:>|", ["lastseen:>1h", "lastseen:>1d", "lastseen:>7d"]],
    ["nothing:|", []],
    ["orgs:a |", []],
    ["a,|", []],
    [`${"a".repeat(1_001)} |`, []],
  ])("of %s", (text, expected) => {
    expect(completed(text)).toEqual(expected);
  });

  it("says what each field is", () => {
    const [first] = complete("org", 3, AGENTS).options;
    expect(first).toEqual({ insert: "org:", says: "the customer's id" });
  });

  it("offers what can be read, or only has to be written on", () => {
    fc.assert(
      fc.property(
        anyText,
        fc.nat(),
        fc.constantFrom(...LISTS),
        (text, at, list) => {
          const caret = at % (text.length + 1);
          const { from, to, options } = complete(text, caret, list, KNOWN);
          expect(from).toBeLessThanOrEqual(caret);
          expect(to).toBeGreaterThanOrEqual(caret);
          expect(to).toBeLessThanOrEqual(text.length);
          for (const { insert } of options) {
            mayBecomeQuery(text.slice(0, from) + insert, list);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

function mayBecomeQuery(text: string, list: ListSpec): void {
  try {
    parseQuery(text, list);
  } catch (error) {
    expect(error).toBeInstanceOf(QueryError);
    expect((error as QueryError).isUnfinished).toBe(true);
  }
}
