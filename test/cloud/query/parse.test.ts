import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { AGENTS } from "../../../cloud/query/lists/agents.js";
import { BANS } from "../../../cloud/query/lists/bans.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import { printQuery } from "../../../cloud/query/print.js";
import {
  MOST_TERMS,
  MOST_VALUES,
  QueryError,
  type ListSpec,
  type Term,
} from "../../../cloud/query/query.js";
import { LISTS, anyQuery, anyText } from "./arbitraries.js";

const RUNS = { numRuns: 2_000 };

describe("reading a query", () => {
  it.each<[string, readonly Term[]]>([
    ["", []],
    ["  ", []],
    ["org:acme", [term("org", ["acme"])]],
    ["ORG:acme", [term("org", ["acme"])]],
    ["org:acme,beta", [term("org", ["acme", "beta"])]],
    ["not org:acme", [not(term("org", ["acme"]))]],
    ["NOT org:acme", [not(term("org", ["acme"]))]],
    ["-org:acme", [not(term("org", ["acme"]))]],
    ["web7", [term("", ["web7"])]],
    ['-"web 7"', [not(term("", ["web 7"]))]],
    ['"not"', [term("", ["not"])]],
    ["notes", [term("", ["notes"])]],
    ["a and b", [term("", ["a"]), term("", ["b"])]],
    ["host:web*", [term("host", ["web*"])]],
    ['host:"a \\"b\\" c\\\\d"', [term("host", ['a "b" c\\d'])]],
    ['host:"<a"', [term("host", ["<a"])]],
    ['system:""', [term("system", [""])]],
    ["state:OFFLINE", [term("state", ["offline"])]],
    ["unhealthy:true", [term("unhealthy", ["yes"])]],
    ["version:<v1.2", [term("version", ["1.2"], "<")]],
    ["version:1.2.*", [term("version", ["1.2"])]],
    ["bans:>=5", [term("bans", ["5"], ">=")]],
    ["lastseen:>1H", [term("lastseen", ["1h"], ">")]],
    ["lastseen:2026-11-28t14:00z", [term("lastseen", ["2026-11-28T14:00Z"])]],
    ["2001:db8::1", [term("", ["2001:db8::1"])]],
    ["fe80::1 ::1", [term("", ["fe80::1"]), term("", ["::1"])]],
    ["feed::1", [term("", ["feed::1"])]],
    ["12:30", [term("", ["12:30"])]],
  ])("of %s", (text, terms) => {
    expect(parseQuery(text, AGENTS)).toEqual({ list: AGENTS, terms });
  });

  it("takes a field's name for one, though it could begin an address", () => {
    const [only] = parseQuery("feed:urgent", BANS).terms;
    expect(only).toEqual(term("feed", ["urgent"]));
  });

  it("clears what a range has beyond its prefix", () => {
    const [only] = parseQuery("range:203.0.113.7/24", BANS).terms;
    expect(only?.values).toEqual(["203.0.113.0/24"]);
  });
});

describe("what is no query", () => {
  it.each<[string, string, number, number]>([
    ["orgs:acme", 'agents have no "orgs": org?', 0, 4],
    ["x hots:a", 'agents have no "hots": host?', 2, 4],
    ["x:a", 'agents have no "x"; there are org, host, id, tag, group,', 0, 1],
    ["org:acme state:gone", '"gone" is no state: it is online, off', 15, 4],
    ["unhealthy:perhaps", '"perhaps" is no unhealthy: it is yes or no', 10, 7],
    ["org:<acme", "org has no order: < is for numbers, versions and", 5, 4],
    ["bans:many", '"many" is no number, and bans is one', 5, 4],
    ["version:new", '"new" is no version such as 1.2: version is', 8, 3],
    ["lastseen:soon", '"soon" is no time: write 30s, 15m, 1h, 7d,', 9, 4],
    ["lastseen:1h", "write lastseen:<1h (within the last 1h) or", 9, 2],
    ["lastseen:2026-02-30", '"2026-02-30" is no time', 9, 10],
    ["lastseen:2026-13", '"2026-13" is no time', 9, 7],
    ["bans:>1,2", "> takes one value", 8, 1],
    ["org:a or org:b", 'there is no "or": give a field several values', 6, 2],
    ["org:", "a value of org is missing", 4, 1],
    ["org: acme", "a value of org is missing", 4, 1],
    ["org:a,, b", "a value of org is missing", 6, 1],
    ["not", '"not" what?', 0, 3],
    ["a - b", '"-" what?', 2, 1],
    ['host:"web', "a quote is opened and not closed", 5, 4],
    ['host:we"b"', "a quote may only begin a value and end it", 7, 3],
    ['host:"we"b', "a quote may only begin a value and end it", 9, 1],
    ['""', "an empty text is everywhere", 0, 2],
    ["a".repeat(1_001), "more than 1000 characters", 1_000, 1],
    ["a ".repeat(MOST_TERMS + 1), "more than 32 terms", 64, 1],
    [`org:${"a,".repeat(MOST_VALUES)}a`, "more than 64 values", 132, 1],
  ])("%s: %s", (text, message, at, length) => {
    const error = errorOf(text, AGENTS);
    expect(error.message).toContain(message);
    expect([error.at, error.length]).toEqual([at, length]);
  });

  it("says what is no range", () => {
    expect(errorOf("range:203.0.113", BANS).message).toBe(
      '"203.0.113" is not an IP address or range',
    );
  });

  it.each(["org:", "not ", 'org:"a', "org:a,", "-"])(
    "knows that %s only lacks its end",
    (text) => {
      expect(errorOf(text, AGENTS).isUnfinished).toBe(true);
    },
  );

  it.each(["org: a", "orgs:a", "bans:many", "not - a"])(
    "knows that no end makes %s a query",
    (text) => {
      expect(errorOf(text, AGENTS).isUnfinished).toBe(false);
    },
  );

  it("is always told, and where in the text", () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...LISTS), (text, list) => {
        try {
          parseQuery(text, list);
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
          const { at, length } = error as QueryError;
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(text.length);
          expect(length).toBeGreaterThan(0);
        }
      }),
      RUNS,
    );
  });
});

describe("printing a query", () => {
  it("writes what is read as the same", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        expect(parseQuery(printQuery(query), query.list)).toEqual(query);
      }),
      RUNS,
    );
  });

  it("changes nothing that it has written itself", () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...LISTS), (text, list) => {
        const printed = printedOf(text, list);
        fc.pre(printed !== undefined && printed.length <= 1_000);
        expect(printedOf(printed, list)).toBe(printed);
      }),
      RUNS,
    );
  });

  it("takes quotes only where they are needed", () => {
    const text = 'not org:acme,"b c" version:<1.2 web -"a b" "or"';
    expect(printedOf(text, AGENTS)).toBe(
      'not org:acme,"b c" version:<1.2 web not "a b" "or"',
    );
  });
});

/** Undefined: it is no query. */
function printedOf(text: string, list: ListSpec): string | undefined {
  try {
    return printQuery(parseQuery(text, list));
  } catch (error) {
    expect(error).toBeInstanceOf(QueryError);
    return undefined;
  }
}

function errorOf(text: string, list: ListSpec): QueryError {
  try {
    parseQuery(text, list);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`"${text}" is a query`);
}

function term(
  field: string,
  values: readonly string[],
  op: Term["op"] = "is",
): Term {
  return { not: false, field, op, values };
}

function not(positive: Term): Term {
  return { ...positive, not: true };
}
