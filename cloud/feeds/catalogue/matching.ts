import { formatCidr, maskOf, type Cidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import { BANS } from "../../query/lists/bans.js";
import { matcherOf, type Getters } from "../../query/match.js";
import { ANY, type Term } from "../../query/query.js";
import { rangeIn } from "../../query/values.js";
import { orgOf } from "../audience.js";
import {
  FIRST_V4,
  FIRST_V6,
  WORDS,
  isObserved,
  isRinged,
  wordOf,
  type BanColumns,
} from "./columns.js";
import type { Texts } from "./texts.js";

export type BansField = (typeof BANS)["fields"][number]["name"];
export type BansTerm = Term<BansField>;

/** What a query is asked of. */
export interface Matched {
  readonly columns: BanColumns;
  readonly texts: Texts;
  /** A feed's name, by its number in the tables. */
  readonly feedOf: (feed: number) => FeedName | undefined;
}

/** Whether it holds of the ban in a slot, or of what has a number. */
export type Test = (slot: number) => boolean;

/**
 * Whether the ban in a slot is what a query asks for. What bans have in common is
 * asked once: of a million bans there are few feeds, decisions and reasons.
 * @param now milliseconds since 1970
 */
export function slotTest(
  terms: readonly BansTerm[],
  matched: Matched,
  now: number,
): Test {
  const sources = sourcesOf(matched);
  const room = { left: MOST_REMEMBERED };
  const rangeText = rangeTexts(matched.columns);
  const asked = { ...matched, sources, room, rangeText, now };
  const tests = terms.map((term): Test => {
    const parts = partsOf(term, asked);
    return (slot) => parts.some((part) => part(slot)) !== term.not;
  });
  return (slot) => tests.every((test) => test(slot));
}

/** Fields that come with a number which many bans share. */
interface Source {
  readonly fields: readonly BansField[];
  readonly numberOf: (slot: number) => number;
  readonly getters: Partial<Getters<number, BansField>>;
}

const sourcesOf = (matched: Matched): readonly Source[] => {
  const { columns, texts, feedOf } = matched;
  return [
    {
      fields: ["feed", "org"],
      numberOf: (slot) => columns.feed[slot] ?? 0,
      getters: {
        feed: (id) => feedOf(id),
        org: (id) => orgOf(feedOf(id) ?? "urgent"),
      },
    },
    {
      fields: ["decision", "since"],
      numberOf: (slot) => columns.decision[slot] ?? 0,
      getters: {
        decision: (id) => texts.decision(id).text,
        since: (id) => texts.decision(id).at,
      },
    },
    {
      fields: ["reason"],
      numberOf: (slot) => columns.reason[slot] ?? 0,
      getters: { reason: (id) => texts.reason(id) },
    },
    {
      fields: ["observed", "rings"],
      numberOf: (slot) => columns.flags[slot] ?? 0,
      getters: { observed: isObserved, rings: isRinged },
    },
  ];
};

interface Asked extends Matched {
  readonly sources: readonly Source[];
  readonly room: Room;
  /** A ban's range, by its slot. */
  readonly rangeText: (slot: number) => string;
  readonly now: number;
}

/** Each for some of the fields: a term without a field may be about any. */
function partsOf(
  term: BansTerm,
  { columns, sources, room, rangeText, now }: Asked,
): readonly Test[] {
  const { field, values } = term;
  const asked = { list: BANS, terms: [{ ...term, not: false }] };
  const test = (getters: Source["getters"]): Test =>
    matcherOf(asked, { ...NO_FIELDS, ...getters }, now);
  if (field === "range") return [rangeTest(values, columns)];
  if (field === "until") {
    return [test({ until: (slot) => (columns.until[slot] ?? 0) * 1_000 })];
  }
  const parts = sources
    .filter(({ fields }) => field === "" || fields.includes(field))
    .map(({ numberOf, getters }): Test => {
      const known = remembered(test(getters), room);
      return (slot) => known(numberOf(slot));
    });
  if (field !== "") return parts;
  const isInText = textTest(values, columns, rangeText);
  return [...parts, rangeTest(values, columns), isInText];
}

const none = () => undefined;
/** Of what is asked of single fields. */
export const NO_FIELDS: Getters<unknown, BansField> = {
  ...{ range: none, feed: none, org: none, decision: none, since: none },
  ...{ reason: none, until: none, observed: none, rings: none },
};

/** Bytes that a query may still take up for what it remembers. */
interface Room {
  left: number;
}

/** A byte each: of a query with more terms on more decisions, the rest is asked anew. */
const MOST_REMEMBERED = 4 * 1_024 * 1_024;

/** Asks once about each number, as far as there is room. */
function remembered(test: Test, room: Room): Test {
  let answers = new Uint8Array(64);
  return (number) => {
    if (number >= answers.length) {
      const wanted = number * 2;
      if (wanted - answers.length > room.left) return test(number);
      room.left -= wanted - answers.length;
      const more = new Uint8Array(wanted);
      more.set(answers);
      answers = more;
    }
    if (answers[number] === 0) answers[number] = test(number) ? YES : NO;
    return answers[number] === YES;
  };
}

const NO = 1;
const YES = 2;

/** Whether a ban has an address in common with any of these. */
function rangeTest(values: readonly string[], columns: BanColumns): Test {
  if (values.includes(ANY)) return () => true;
  const tests = values
    .flatMap((value) => rangeIn(value) ?? [])
    .map((range) => overlapTest(range, columns));
  return (slot) => tests.some((test) => test(slot));
}

/** Whether the ban in a slot and a range have an address in common. */
export function overlapTest(range: Cidr, columns: BanColumns): Test {
  const { family, prefix, address } = range;
  const first = family === 4 ? FIRST_V4 : FIRST_V6;
  const words = wordsOf(address);
  const masks = Array.from({ length: prefix + 1 }, (_, length) =>
    wordsOf(maskOf(family, length)),
  );
  return (slot) => {
    const length = (columns.width[slot] ?? 0) - first;
    if (length < 0 || (family === 4 && length > 32)) return false;
    const mask = masks[Math.min(length, prefix)] ?? words;
    for (let nth = 0; nth < WORDS; nth++) {
      const other = columns.words[slot * WORDS + nth] ?? 0;
      if (((other ^ (words[nth] ?? 0)) & (mask[nth] ?? 0)) !== 0) return false;
    }
    return true;
  };
}

const wordsOf = (address: Uint8Array): Uint32Array =>
  Uint32Array.from({ length: WORDS }, (_, nth) => wordOf(address, nth * 4));

/** Ranges as text: that of a slot is made once for all terms. */
function rangeTexts(columns: BanColumns): (slot: number) => string {
  let [last, level, text] = [-1, -1, ""];
  return (slot) => {
    const { count } = columns.touched;
    if (slot !== last || level !== count) {
      text = formatCidr(columns.cidrOf(slot));
      [last, level] = [slot, count];
    }
    return text;
  };
}

/** Whether a ban's range as text has any of these in it. */
function textTest(
  values: readonly string[],
  columns: BanColumns,
  rangeText: (slot: number) => string,
): Test {
  const parts = values
    .map((value) => value.toLowerCase().replaceAll(/^\*|\*$/g, ""))
    .filter((part) => /^[\da-f.:/]*$/.test(part));
  const ofV4 = parts.filter((part) => /^[\d./]*$/.test(part));
  const ofV6 = parts.filter((part) => !part.includes("."));
  return (slot) => {
    const those = columns.isV6(slot) ? ofV6 : ofV4;
    if (those.length === 0) return false;
    const text = rangeText(slot);
    return those.some((part) => text.includes(part));
  };
}
