import { FOREVER } from "../../agent/model/ban.js";
import {
  entry,
  NOTHING,
  saysNothing,
  wrong,
  type Line,
  type ReadLine,
} from "./line.js";

/**
 * What `ipset save` writes: `add <set> <range> [timeout n] …`. A set's own term
 * counts for those of its entries that have none.
 */
export function ipsetReader(): ReadLine {
  const terms = new Map<string, number>();
  return (line) => {
    if (saysNothing(line)) return NOTHING;
    const [command, set, ...rest] = wordsOf(line);
    if (isOneOf(command, ["create", "-N"])) {
      if (set !== undefined) noteTerm(terms, set.text, rest);
      return NOTHING;
    }
    if (isOneOf(command, ["flush", "-F", "COMMIT"])) return NOTHING;
    if (!isOneOf(command, ["add", "-A"])) return wrong("is no addition");
    const [range, ...options] = rest;
    if (set === undefined || range === undefined) {
      return wrong("is no addition");
    }
    return addition(range.text, options, terms.get(set.text));
  };
}

interface Word {
  readonly text: string;
  /** What stands in quotes is a comment's, and no option. */
  readonly quoted: boolean;
}

function addition(
  range: string,
  options: readonly Word[],
  usual: number | undefined,
): Line {
  const { timeout, exception } = optionsOf(options);
  if (exception) return wrong("is an exception, not a ban");
  if (range.includes(",")) return wrong("names more than a range");
  if (timeout === undefined) return entry(range, usual);
  const seconds = secondsOf(timeout);
  return seconds === undefined
    ? wrong(`has timeout "${timeout}"`)
    : entry(range, seconds);
}

/** Each option takes the word behind it along, but for `nomatch`. */
function optionsOf(words: readonly Word[]): {
  readonly timeout: string | undefined;
  readonly exception: boolean;
} {
  let timeout: string | undefined;
  let exception = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined || word.quoted) continue;
    if (word.text === "nomatch") exception = true;
    if (word.text === "timeout") timeout = words[at + 1]?.text ?? "";
    if (WITH_A_VALUE.has(word.text)) at += 1;
  }
  return { timeout, exception };
}

const WITH_A_VALUE = new Set([
  ...["timeout", "comment", "packets", "bytes"],
  ...["skbmark", "skbprio", "skbqueue"],
]);

/** None where the set has 0: its entries last as long as the importer says. */
function noteTerm(
  terms: Map<string, number>,
  set: string,
  options: readonly Word[],
): void {
  if (terms.size >= MOST_SETS) return;
  const seconds = secondsOf(optionsOf(options).timeout ?? "") ?? 0;
  if (seconds > 0) terms.set(set, seconds);
}

/** A dump of one machine has a few. */
const MOST_SETS = 1_024;

function secondsOf(text: string): number | undefined {
  const seconds = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(seconds)) return undefined;
  return Math.min(seconds, FOREVER);
}

/** Without switches such as `-exist`, and without what follows a bare `#`. */
function wordsOf(line: string): readonly Word[] {
  const words: Word[] = [];
  for (const [, quoted, bare = ""] of line.matchAll(WORDS)) {
    if (quoted === undefined && bare.startsWith("#")) break;
    const text = quoted ?? bare;
    const isSwitch = quoted === undefined && SWITCH.test(bare);
    if (!isSwitch) words.push({ text, quoted: quoted !== undefined });
  }
  return words;
}

const WORDS = /"([^"]*)"|(\S+)/g;
const SWITCH = /^(-exist|-!|--?q(uiet)?)$/;

const isOneOf = (word: Word | undefined, names: readonly string[]): boolean =>
  word !== undefined && !word.quoted && names.includes(word.text);
