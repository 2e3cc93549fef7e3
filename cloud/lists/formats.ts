import { ipsetReader } from "./ipset-format.js";
import {
  entry,
  entryOf,
  NOTHING,
  saysNothing,
  withoutComment,
  wrong,
  type Line,
  type ListFormat,
  type ReadLine,
} from "./line.js";
import {
  between,
  isAddress,
  isNetmask,
  problemOf,
  readRanges,
  withMask,
} from "./range-text.js";

/** Those whose lines each say for themselves what they are. */
export type LineFormat = Exclude<ListFormat, "csv">;

/** A reader of a whole list, from its first line on. */
export function readerOf(format: LineFormat): ReadLine {
  switch (format) {
    case "plain":
      return readPlain;
    case "ipsum":
      return readIpsum;
    case "dshield":
      return readDshield;
    case "ipset":
      return ipsetReader();
    case "spamhaus-json":
      return readSpamhausJson;
  }
}

/** One range a line, or an address and its netmask beside it. */
function readPlain(line: string): Line {
  const said = withoutComment(line);
  if (said === "") return NOTHING;
  if (!/\s/.test(said)) return entry(said);
  const [first = "", second = "", third, ...more] = said.split(/\s+/);
  if (third === undefined && isNetmask(second) && isAddress(first)) {
    return entryOf(withMask(first, second, said));
  }
  if (second === "-" && third !== undefined && more.length === 0) {
    return entryOf(between(first, third, said));
  }
  return wrong(problemOfWords(said.split(/\s+/)));
}

function problemOfWords(words: readonly string[]): string {
  const [first = "", second = "", ...more] = words;
  if (first.startsWith("<")) return "is markup, not an address";
  const isName = problemOf(second, "") !== "" || /^[a-z-]+$/i.test(second);
  if (isAddress(first) && isName && !isAddress(second)) {
    return "is a line of a hosts file: it names a host, and bans nobody";
  }
  if (isAddress(first) && /^\d+$/.test(second) && more.length === 0) {
    return "is an address and a number, which this list has nowhere else";
  }
  const all = words.every((word) => typeof readRanges(word) !== "string");
  return all ? "holds more than one range" : "is text, and no range";
}

/** An address, and on how many lists it was seen. */
function readIpsum(line: string): Line {
  const said = withoutComment(line);
  if (said === "") return NOTHING;
  const [range = "", count = "", ...more] = said.split(/\s+/);
  if (more.length > 0 || !/^\d+$/.test(count)) {
    return wrong("is not an address and a count");
  }
  return entry(range);
}

/** First address, last address, length of the prefix, and what else is told. */
function readDshield(line: string): Line {
  const said = withoutComment(line);
  if (/^(start\s|$)/i.test(said)) return NOTHING;
  const [first = "", last = "", length = ""] = said.split(/\s+/);
  if (!isAddress(first) || !isAddress(last) || !/^\d{1,3}$/.test(length)) {
    return wrong("is not a first address, a last one and a length");
  }
  const read = between(first, last, said);
  if (typeof read === "string") return wrong(read);
  const fits = read.cidrs.length === 1;
  if (fits && read.cidrs[0]?.prefix === Number(length)) return entryOf(read);
  return wrong(`goes from ${first} to ${last}, which is no /${length}`);
}

/** One object a line; the one that describes the list itself is skipped. */
function readSpamhausJson(line: string): Line {
  if (saysNothing(line)) return NOTHING;
  const value = parsed(line);
  if (typeof value !== "object" || value === null) {
    return wrong("is no JSON object");
  }
  if ("type" in value && value.type === "metadata") return NOTHING;
  if ("cidr" in value && typeof value.cidr === "string") {
    return entry(value.cidr);
  }
  return wrong('is JSON without a "cidr"');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
