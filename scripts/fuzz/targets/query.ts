import { isDeepStrictEqual } from "node:util";
import { complete } from "../../../cloud/query/complete.js";
import { explain } from "../../../cloud/query/explain.js";
import {
  matcherOf,
  type Getters,
  type Value,
} from "../../../cloud/query/match.js";
import { parseQuery } from "../../../cloud/query/parse.js";
import { printQuery, printTerm } from "../../../cloud/query/print.js";
import {
  LONGEST_QUERY,
  MOST_TERMS,
  MOST_VALUES,
  QueryError,
  type Kind,
  type ListSpec,
  type Query,
  type Term,
} from "../../../cloud/query/query.js";
import { LISTS } from "../../query-tables.js";
import { texts } from "../corpus.js";
import { Broken, type Read, type Target } from "../target.js";
import { briefly } from "./json.js";

export const target: Target = {
  name: "query",
  corpus: texts(
    "org:acme not mode:observe version:<1.2 lastseen:>1h",
    'system:"Debian GNU/Linux 12" -tag:* host:web*,*db,"*a b*"',
    "until:<1h not reason:*ssh* feed:urgent 203.0.113.7",
    "range:2001:db8::/32 198.51.100.0/24 fe80::1 permanent:yes",
    "by:ann decided:2026-11-28T14:00:30+01:00 count:>=1.5",
    'not "and" and or "a \\"quoted\\" \\\\ word"',
    `id:${"a,".repeat(40)}a`,
    `${"x ".repeat(30)}x`,
  ),
  readers: Object.fromEntries(LISTS.map((list) => [list.name, readerOf(list)])),
  layers: [],
  words: [
    ...LISTS.flatMap(({ fields }) => fields.map(({ name }) => `${name}:`)),
    ...["not ", "-", " and ", " or ", ",", "*", '"', "\\", ":", "<=", ">="],
    ...["yes", "no", "permanent", "1h", "999999999y", "2026", "2026-02-30"],
    ...["1.2", "0.0.0.0/0", "::/0", "::ffff:192.0.2.1", "1.2.3.4/33"],
    ...["\u0130", "\u{1f600}", "\ud800", "\u202e", "\u00a0", "\0"],
  ],
  refusals: [QueryError],
  mostBytes: 4 * 1024,
  mostMemory: 64 * 1024 * 1024,
  mostCpuMs: 250,
};

/** Who writes is helped; what is read can be printed, explained and held to a row. */
function readerOf(list: ListSpec): Read {
  return briefly((text) => {
    mustHelp(text, list);
    const query = parsed(text, list);
    const { terms } = query;
    const most = Math.max(0, ...terms.map(({ values }) => values.length));
    if (terms.length > MOST_TERMS || most > MOST_VALUES) {
      throw new Broken("bounds", `${terms.length} terms, ${most} values`);
    }
    mustPrint(query);
    if (!explain(query).startsWith(terms.length === 0 ? "all" : list.noun)) {
      throw new Broken("explained", explain(query));
    }
    terms.forEach((term) => mustBeOneOf(term, list));
    return `${list.name}, ${matches(query) ? "with" : "without"} the row`;
  });
}

/** @throws QueryError, whose place is in the text or at its end */
function parsed(text: string, list: ListSpec): Query {
  try {
    return parseQuery(text, list);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { at, length } = error;
    const isWithin = at >= 0 && length >= 1 && at + length <= text.length + 1;
    if (!isWithin) throw new Broken("place", `${at} and ${length} more`);
    throw error;
  }
}

/** Whatever is offered can be read, or is the beginning of what can. */
function mustHelp(text: string, list: ListSpec): void {
  for (const caret of [text.length, Math.floor(text.length / 2)]) {
    const { from, to, options } = complete(text, caret, list);
    if (from > to || to > text.length) {
      throw new Broken("completion", `from ${from} to ${to}`);
    }
    for (const { insert } of options) {
      mustBeReadable(text.slice(0, from) + insert, list);
    }
  }
}

function mustBeReadable(offered: string, list: ListSpec): void {
  try {
    parseQuery(offered, list);
  } catch (error) {
    if (error instanceof QueryError && error.isUnfinished) return;
    throw new Broken("completion", offered);
  }
}

function mustPrint(query: Query): void {
  const printed = printQuery(query);
  // Quotes that were not needed where it was written make it longer.
  if (printed.length > LONGEST_QUERY) return;
  if (!isDeepStrictEqual(parseQuery(printed, query.list), query)) {
    throw new Broken("printed", printed);
  }
}

/** A row is of a term, or of its opposite. */
function mustBeOneOf(term: Term, list: ListSpec): void {
  const opposite = { ...term, not: !term.not };
  const [is, isNot] = [term, opposite].map((each) =>
    matches({ list, terms: [each] }),
  );
  if (is === isNot) throw new Broken("opposite", printTerm(term));
}

const matches = (query: Query): boolean =>
  matcherOf(query, gettersOf(query.list), NOW)(ROW);

const gettersOf = ({ fields }: ListSpec): Getters<typeof ROW> =>
  Object.fromEntries(
    fields.map(({ name, kind }) => [name, (row: typeof ROW) => row[kind]]),
  );

const NOW = Date.UTC(2026, 10, 28, 14);

/** Something of each kind, in every field of the kind. */
const ROW = {
  ...{ text: "web1", choice: "observe", yesno: true, number: 7 },
  ...{ version: "1.2.3", time: NOW - 60_000 },
  range: ["203.0.113.0/24", "2001:db8::7"],
} satisfies Readonly<Record<Kind, Value>>;
