import { readRanges, type ReadRanges } from "./range-text.js";

/** The shapes that block lists come in. */
export const listFormats = [
  "plain",
  "ipsum",
  "dshield",
  "ipset",
  "spamhaus-json",
  "csv",
] as const;

export type ListFormat = (typeof listFormats)[number];

/** What one line says. */
export type Line =
  | ({
      readonly kind: "entry";
      /** Seconds, where the list itself sets a term; 0 is without end. */
      readonly timeout?: number;
    } & ReadRanges)
  | { readonly kind: "nothing" }
  /** The next line belongs to it. */
  | { readonly kind: "open" }
  | { readonly kind: "wrong"; readonly problem: string };

/** Reads a list's lines, in their order. */
export type ReadLine = (line: string) => Line;

export const NOTHING: Line = { kind: "nothing" };

export const wrong = (problem: string): Line => ({ kind: "wrong", problem });

/** The entry that the text names, or what is wrong with it. */
export function entry(text: string, timeout?: number): Line {
  return entryOf(readRanges(text), timeout);
}

export function entryOf(read: ReadRanges | string, timeout?: number): Line {
  if (typeof read === "string") return wrong(read);
  return {
    ...{ kind: "entry", ...read },
    ...(timeout !== undefined && { timeout }),
  };
}

/** Empty, or nothing but a comment: in every format. */
export const saysNothing = (line: string): boolean =>
  /^\s*($|[#;]|\/\/)/.test(line);

/** `#` (FireHOL), `;` (Spamhaus) and `//` begin a comment. */
export function withoutComment(line: string): string {
  const at = line.search(/[#;]|(^|\s)\/\//);
  return (at < 0 ? line : line.slice(0, at)).trim();
}
