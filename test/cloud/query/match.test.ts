import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseCidr } from "../../../agent/model/cidr.js";
import {
  matcherOf,
  type Getters,
  type Value,
} from "../../../cloud/query/match.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import {
  listOf,
  type ListSpec,
  type Query,
} from "../../../cloud/query/query.js";
import { LISTS, termsOf } from "./arbitraries.js";

const THINGS = listOf("things", "things", [
  { name: "name", kind: "text", says: "a name" },
  { name: "kind", kind: "choice", choices: ["big", "small"], says: "a kind" },
  { name: "ok", kind: "yesno", says: "whether it is" },
  { name: "count", kind: "number", says: "how many" },
  { name: "version", kind: "version", says: "which" },
  { name: "seen", kind: "time", says: "when" },
  { name: "until", kind: "time", ahead: true, says: "until when" },
  { name: "range", kind: "range", says: "where" },
]);

type Thing = Readonly<Record<string, Value>>;

const getters: Getters<Thing, (typeof THINGS.fields)[number]["name"]> = {
  name: (each) => each["name"],
  kind: (each) => each["kind"],
  ok: (each) => each["ok"],
  count: (each) => each["count"],
  version: (each) => each["version"],
  seen: (each) => each["seen"],
  until: (each) => each["until"],
  range: (each) => each["range"],
};

const NOW = Date.parse("2026-11-28T12:00:00Z");
const HOUR = 3_600_000;
const forEver = Date.parse("9999-12-31T23:59:59Z");

const matches = (text: string, thing: Thing): boolean =>
  matcherOf(parseQuery(text, THINGS), getters, NOW)(thing);

describe("what a query matches", () => {
  it.each<[string, Thing, boolean]>([
    ["", {}, true],
    ["name:web7", { name: "WEB7" }, true],
    ["name:web", { name: "web7" }, false],
    ["name:web*", { name: "Web7" }, true],
    ["name:*7", { name: "web7" }, true],
    ["name:*eb*", { name: "web7" }, true],
    ["name:*", { name: "" }, true],
    ["name:*", { name: null }, false],
    ["not name:*", { name: null }, true],
    ['name:""', { name: "" }, true],
    ["name:a,web*", { name: "web7" }, true],
    ["name:a", { name: ["b", "A"] }, true],
    ["name:a", { name: [] }, false],
    ["kind:big", { kind: "big" }, true],
    ["kind:big,small", { kind: "small" }, true],
    ["not kind:big", { kind: "big" }, false],
    ["ok:yes", { ok: true }, true],
    ["ok:no", { ok: true }, false],
    ["ok:no", { ok: null }, false],
    ["count:5", { count: 5 }, true],
    ["count:>5", { count: 5 }, false],
    ["count:>=5", { count: 5 }, true],
    ["count:<5", { count: null }, false],
    ["not count:<5", { count: null }, true],
    ["version:1.2", { version: "1.2.3" }, true],
    ["version:1.2", { version: "1.20.3" }, false],
    ["version:<1.10", { version: "1.9.9" }, true],
    ["version:<1.2", { version: "1.2.0" }, false],
    ["version:<=1.2", { version: "1.2.9" }, true],
    ["version:>1.2", { version: "1.2.9" }, false],
    ["version:>=6.1", { version: "6.1.0-18-amd64" }, true],
    ["version:1.0", { version: "1" }, true],
    ["version:>0", { version: "unknown" }, false],
    ["seen:<1h", { seen: NOW - HOUR / 2 }, true],
    ["seen:<1h", { seen: NOW - HOUR * 2 }, false],
    ["seen:>1h", { seen: NOW - HOUR * 2 }, true],
    ["seen:>1h", { seen: null }, false],
    ["seen:2026-11-28", { seen: "2026-11-28T23:59:59.999Z" }, true],
    ["seen:2026-11-28", { seen: "2026-11-29T00:00:00Z" }, false],
    ["seen:2026-11", { seen: "2026-11-30T00:00:00Z" }, true],
    ["seen:2026", { seen: NOW }, true],
    ["seen:<2026", { seen: NOW }, false],
    ["seen:>2026-11-28T11:59", { seen: NOW }, true],
    ["seen:2026-11-28T13:00+01:00", { seen: NOW + 59_999 }, true],
    ["until:<1h", { until: NOW + HOUR / 2 }, true],
    ["until:<1h", { until: NOW + HOUR * 2 }, false],
    ["until:>1h", { until: NOW + HOUR * 2 }, true],
    ["until:permanent", { until: forEver }, true],
    ["until:permanent", { until: NOW + HOUR }, false],
    ["range:203.0.113.7", { range: "203.0.113.0/24" }, true],
    ["range:203.0.113.0/24", { range: parseCidr("203.0.113.7") }, true],
    ["range:203.0.113.0/24", { range: "203.0.114.7" }, false],
    ["range:0.0.0.0/0", { range: "2001:db8::1" }, false],
    ["range:::/0", { range: ["192.0.2.1", "2001:db8::1"] }, true],
    ["range:192.0.2.1", { range: "socket" }, false],
    ["eb", { name: "web7" }, true],
    ["eb*", { name: "web7" }, true],
    ["eb,xx", { name: "web7" }, true],
    ["big", { kind: "big" }, true],
    ["not eb", { name: "web7" }, false],
    ["5", { count: 5 }, false],
    ["203.0.113.9", { range: "203.0.113.0/24" }, true],
    ["203.0.113", { range: "203.0.113.0/24" }, true],
    ["203.0.113.9", { name: "was 203.0.113.9" }, true],
    ["kind:big count:>1", { kind: "big", count: 1 }, false],
  ])("%s of %j: %s", (text, thing, expected) => {
    expect(matches(text, thing)).toBe(expected);
  });

  it("is the other way round with not", () => {
    fc.assert(
      fc.property(termsAndRow(1), ({ list, terms, row }) => {
        const term = terms[0]!;
        const inverse = { ...term, not: !term.not };
        const is = matchesRow({ list, terms: [term] }, row);
        expect(matchesRow({ list, terms: [inverse] }, row)).toBe(!is);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is before, in or behind what is asked for, and one of them alone", () => {
    const asked = fc.constantFrom(
      ...["2026", "2026-11", "2026-11-28", "2026-11-28T12:00Z"],
    );
    const at = fc.integer({
      min: NOW - 40_000 * HOUR,
      max: NOW + HOUR * 9_000,
    });
    fc.assert(
      fc.property(asked, at, (date, seen) => {
        const is = ["<", "", ">"].filter((op) =>
          matches(`seen:${op}${date}`, { seen }),
        );
        expect(is).toHaveLength(1);
        const orEqual = ["<=", ">="].filter((op) =>
          matches(`seen:${op}${date}`, { seen }),
        );
        expect(orEqual).toHaveLength(is[0] === "" ? 2 : 1);
      }),
    );
  });

  it("needs all of the terms", () => {
    fc.assert(
      fc.property(termsAndRow(2), ({ list, terms, row }) => {
        const each = terms.map((term) =>
          matchesRow({ list, terms: [term] }, row),
        );
        expect(matchesRow({ list, terms }, row)).toBe(each.every(Boolean));
      }),
    );
  });
});

const one = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.boolean(),
  fc.double(),
  fc.constantFrom(
    ...["yes", "ban", "1.2.3", "203.0.113.7", "2026-11-28T12:00:00Z", "::1"],
  ),
  fc.constant(parseCidr("2001:db8::/32")),
);

const value: fc.Arbitrary<Value> = fc.oneof(
  one,
  fc.array(one, { maxLength: 3 }),
  fc.constantFrom(null, undefined),
);

const termsAndRow = (count: number) =>
  fc.constantFrom(...LISTS).chain((list) =>
    fc.record({
      list: fc.constant(list),
      terms: fc.array(termsOf(list), { minLength: count, maxLength: count }),
      row: fc.tuple(...list.fields.map(() => value)),
    }),
  );

function matchesRow(query: Query, row: readonly Value[]): boolean {
  const { list }: { list: ListSpec } = query;
  const all = list.fields.map(({ name }, index) => [
    ...([name, (each: readonly Value[]) => each[index]] as const),
  ]);
  const found = Object.fromEntries(all) as Getters<readonly Value[]>;
  return matcherOf(query, found, NOW)(row);
}
