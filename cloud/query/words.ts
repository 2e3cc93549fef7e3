import type { Op, Place } from "./query.js";

/** A value or a name, as it stands in the text. */
export interface Piece {
  readonly at: number;
  /** Behind its last character, quotes included. */
  readonly end: number;
  /** Without quotes and what they escape. */
  readonly text: string;
  readonly isQuoted: boolean;
  readonly isClosed: boolean;
}

/** What is wrong with a term's form. */
export interface Misfit extends Place {
  readonly message: string;
  readonly isUnfinished: boolean;
}

/** A term as it stands in the text, whether or not it makes sense. */
export interface RawTerm {
  readonly at: number;
  readonly end: number;
  readonly not: boolean;
  /** What stands before the colon, in small letters; undefined: there is none. */
  readonly name: Piece | undefined;
  readonly op: Op;
  readonly values: readonly Piece[];
  readonly misfit: Misfit | undefined;
}

/** Whether a word is no field and its value, though it has a colon. */
export type IsAddress = (word: string, name: string) => boolean;

/**
 * The terms of a text in their order. Nothing is refused here, so that a text which
 * is being written can be read, too. It goes over the text once.
 */
export function* termsIn(
  text: string,
  isAddress: IsAddress,
): Generator<RawTerm> {
  const reader = new Reader(text);
  for (;;) {
    reader.take(/\s*/y);
    if (reader.at >= text.length) return;
    yield termAt(reader, isAddress);
  }
}

function termAt(reader: Reader, isAddress: IsAddress): RawTerm {
  const { at } = reader;
  const not = reader.take(NOT) !== "";
  if (not && (reader.isBetween() || reader.peek(NOT) !== "")) {
    const misfit = reader.misfit(`"${reader.since(at).trim()}" what?`, at);
    reader.take(/\S*/y);
    return { ...NOTHING, at, end: reader.at, not, misfit };
  }
  const name = nameAt(reader, isAddress);
  const op = name === undefined ? "is" : opAt(reader);
  const values: Piece[] = [];
  let misfit: Misfit | undefined;
  do {
    const value = pieceAt(reader);
    values.push(value);
    misfit ??= misfitOf(reader, value, name);
  } while (reader.take(/,/y) !== "");
  if (!reader.isBetween()) misfit ??= strayAt(reader);
  reader.take(/\S*/y);
  return { at, end: reader.at, not, name, op, values, misfit };
}

const NOT = /-|not(?:\s+|$)/iy;

const NOTHING = { name: undefined, op: "is", values: [] } as const;

function nameAt(reader: Reader, isAddress: IsAddress): Piece | undefined {
  const { at } = reader;
  const name = reader.peek(/[a-z]+(?=:)/iy);
  if (name === "") return undefined;
  const text = name.toLowerCase();
  if (isAddress(reader.peek(BARE), text)) return undefined;
  reader.take(/[a-z]+:/iy);
  const end = at + text.length;
  return { at, end, text, isQuoted: false, isClosed: true };
}

const opAt = (reader: Reader): Op => (reader.take(/<=|>=|<|>/y) || "is") as Op;

function pieceAt(reader: Reader): Piece {
  const { at } = reader;
  const isQuoted = reader.take(/"/y) !== "";
  const raw = reader.take(isQuoted ? QUOTED : BARE);
  const text = isQuoted ? raw.replaceAll(/\\(["\\])/g, "$1") : raw;
  const isClosed = !isQuoted || reader.take(/"/y) !== "";
  return { at, end: reader.at, text, isQuoted, isClosed };
}

const BARE = /[^\s,"]*/y;

/** Up to the closing quote, or to the end of the text. */
const QUOTED = /(?:[^"\\]|\\["\\]?)*/y;

function misfitOf(
  reader: Reader,
  { at, text, isQuoted, isClosed }: Piece,
  name: Piece | undefined,
): Misfit | undefined {
  if (!isClosed) return reader.misfit("a quote is opened and not closed", at);
  if (isQuoted || text !== "") return undefined;
  const of = name === undefined ? "" : ` of ${name.text}`;
  return reader.misfit(`a value${of} is missing`, at);
}

function strayAt(reader: Reader): Misfit {
  const { at } = reader;
  const length = reader.peek(/\S*/y).length;
  const message =
    "a quote may only begin a value and end it: a space or a comma has to follow";
  return { message, at, length, isUnfinished: false };
}

/** Goes over a text from its beginning to its end. */
class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** What stands here; empty where the pattern, a sticky one, does not fit. */
  peek(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    return pattern.exec(this.#text)?.[0] ?? "";
  }

  take(pattern: RegExp): string {
    const taken = this.peek(pattern);
    this.at += taken.length;
    return taken;
  }

  /** Whether a term may end here. */
  isBetween(): boolean {
    return this.at >= this.#text.length || this.peek(/\s/y) !== "";
  }

  since(at: number): string {
    return this.#text.slice(at, this.at);
  }

  misfit(message: string, at: number): Misfit {
    const isUnfinished = this.at >= this.#text.length;
    return { message, at, length: Math.max(1, this.at - at), isUnfinished };
  }
}
