import * as fc from "fast-check";
import { AGENTS } from "../../../cloud/query/lists/agents.js";
import { ATTACKERS } from "../../../cloud/query/lists/attackers.js";
import { AUDIT } from "../../../cloud/query/lists/audit.js";
import { BANS } from "../../../cloud/query/lists/bans.js";
import { CONTESTS } from "../../../cloud/query/lists/contests.js";
import { DECISIONS } from "../../../cloud/query/lists/decisions.js";
import { DETECTIONS } from "../../../cloud/query/lists/detections.js";
import { PROPOSALS } from "../../../cloud/query/lists/proposals.js";
import type {
  FieldSpec,
  ListSpec,
  Query,
  Term,
} from "../../../cloud/query/query.js";

export const LISTS: readonly ListSpec[] = [
  ...[AGENTS, ATTACKERS, AUDIT, BANS, CONTESTS, DECISIONS],
  ...[DETECTIONS, PROPOSALS],
];

const byte = fc.integer({ min: 0, max: 255 }).map(String);
const range = fc.oneof(
  fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join(".")),
  fc.integer({ min: 1, max: 255 }).map((each) => `${each}.0.0.0/8`),
  fc.constantFrom("2001:db8::/32", "::", "fe80::1", "feed::1"),
);

const duration = fc
  .tuple(
    fc.integer({ min: 0, max: 999_999_999 }),
    fc.constantFrom("s", "m", "h", "d", "w", "y"),
  )
  .map(([count, unit]) => `${count}${unit}`);

const date = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
    .chain((day) =>
      fc
        .constantFrom(4, 7, 10)
        .map((length) => day.toISOString().slice(0, length)),
    ),
  fc.constantFrom(
    ...["2026-11-28T14:00Z", "2026-11-28T14:00", "2026-11-28T14:00:30+01:00"],
  ),
);

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ maxLength: 12, unit: "grapheme" }),
  fc.constantFrom(
    ...["", "*", "*a", "a*", "*a*", "not", "or", "and", "a:b", "-a", "<1"],
    ...['"', "\\", '\\"', "a,b", "a b", "http://x", "…", "$&"],
  ),
);

const number = fc
  .oneof(fc.nat(), fc.float({ min: 0, max: 1, noNaN: true }))
  .map((value) => String(Math.round(value * 1e6) / 1e6));

const version = fc
  .array(fc.nat({ max: 999_999_999 }), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join("."));

const order = fc.constantFrom("<", "<=", ">", ">=");

type Asked = Pick<Term, "op" | "values">;

const several = (value: fc.Arbitrary<string>): fc.Arbitrary<Asked> =>
  fc
    .array(value, { minLength: 1, maxLength: 4 })
    .map((values) => ({ op: "is", values }));

const ordered = (value: fc.Arbitrary<string>): fc.Arbitrary<Asked> =>
  fc.tuple(order, value).map(([op, each]) => ({ op, values: [each] }));

function askedOf({ kind, choices, ahead }: FieldSpec): fc.Arbitrary<Asked> {
  switch (kind) {
    case "text":
      return several(text);
    case "choice":
      return several(fc.constantFrom("*", ...(choices ?? [])));
    case "yesno":
      return several(fc.constantFrom("yes", "no"));
    case "number":
      return fc.oneof(several(number), ordered(number));
    case "version":
      return fc.oneof(several(version), ordered(version));
    case "time": {
      const whole = ahead ? fc.oneof(date, fc.constant("permanent")) : date;
      return fc.oneof(several(whole), ordered(fc.oneof(date, duration)));
    }
    case "range":
      return several(range);
  }
}

/** Terms that can be written, of any field of the list or of none. */
export const termsOf = (list: ListSpec): fc.Arbitrary<Term> =>
  fc.oneof(
    several(text.filter((each) => each !== "")).chain((asked) =>
      fc.boolean().map((not) => ({ not, field: "", ...asked })),
    ),
    fc
      .constantFrom(...list.fields)
      .chain((spec) =>
        fc
          .tuple(fc.boolean(), askedOf(spec))
          .map(([not, asked]) => ({ not, field: spec.name, ...asked })),
      ),
  );

/** Queries that a text can say. */
export const queriesOf = (list: ListSpec): fc.Arbitrary<Query> =>
  fc
    .array(termsOf(list), { maxLength: 6 })
    .map((terms) => ({ list, terms }) satisfies Query);

export const anyQuery: fc.Arbitrary<Query> = fc
  .constantFrom(...LISTS)
  .chain(queriesOf);

const piece = fc.constantFrom(
  ...["org", "host", "state", "lastseen", "until", "range", "bans", ":", ","],
  ...['"', "\\", "<", ">", "<=", "*", "-", "not ", " ", "and ", "or ", "\t"],
  ...["acme", "1h", "2026-11-28", "203.0.113.7", "1.2", "yes", "::1", "x"],
);

/** Texts that look like queries, and mostly are none. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join("")),
);
