import { FOREVER } from "../../agent/model/ban.js";

/** The shapes that block lists come in. */
export const listFormats = [
  "plain",
  "spamhaus-json",
  "ipset",
  "ipsum",
] as const;

export type ListFormat = (typeof listFormats)[number];

/** What one line says. */
export type Line =
  | {
      readonly kind: "entry";
      readonly range: string;
      /** Seconds, where the list itself sets a term; 0 is without end. */
      readonly timeout?: number;
    }
  | { readonly kind: "nothing" }
  | { readonly kind: "wrong"; readonly problem: string };

/** Tells a list's format by its first line that says anything. */
export function detectFormat(line: string): ListFormat | undefined {
  const said = withoutComment(line);
  if (said === "") return undefined;
  if (said.startsWith("{")) return "spamhaus-json";
  if (/^(create|add|flush)\s/.test(said)) return "ipset";
  if (/^\S+\s+\d+$/.test(said)) return "ipsum";
  return "plain";
}

export function readLine(format: ListFormat, line: string): Line {
  switch (format) {
    case "plain":
      return readPlain(line);
    case "spamhaus-json":
      return readSpamhausJson(line);
    case "ipset":
      return readIpset(line);
    case "ipsum":
      return readIpsum(line);
  }
}

const NOTHING: Line = { kind: "nothing" };

const wrong = (problem: string): Line => ({ kind: "wrong", problem });

/** One range a line; `#` (FireHOL) or `;` (Spamhaus) begins a comment. */
function readPlain(line: string): Line {
  const range = withoutComment(line);
  if (range === "") return NOTHING;
  if (/\s/.test(range)) return wrong("holds more than one range");
  return { kind: "entry", range };
}

/** One object a line; the one that describes the list itself is skipped. */
function readSpamhausJson(line: string): Line {
  if (line.trim() === "") return NOTHING;
  const value = parsed(line);
  if (typeof value !== "object" || value === null) return wrong("is not JSON");
  if ("type" in value && value.type === "metadata") return NOTHING;
  if ("cidr" in value && typeof value.cidr === "string") {
    return { kind: "entry", range: value.cidr };
  }
  return wrong("has no cidr");
}

/** `add <set> <range> [timeout n]`, as `ipset save` writes it. */
function readIpset(line: string): Line {
  const words = withoutComment(line).split(/\s+/).filter(isWord);
  const [command, , range, ...rest] = words;
  if (command === undefined || command === "" || command === "create") {
    return NOTHING;
  }
  if (command !== "add" || range === undefined) return wrong("is no addition");
  if (rest.includes("nomatch")) return wrong("is an exception, not a ban");
  const at = rest.indexOf("timeout");
  if (at < 0) return { kind: "entry", range };
  const timeout = Number(rest[at + 1]);
  return Number.isSafeInteger(timeout) && timeout >= 0
    ? { kind: "entry", range, timeout: Math.min(timeout, FOREVER) }
    : wrong(`has timeout "${rest[at + 1] ?? ""}"`);
}

/** An address, and on how many lists it was seen. */
function readIpsum(line: string): Line {
  const said = withoutComment(line);
  if (said === "") return NOTHING;
  const [range, count, ...more] = said.split(/\s+/);
  if (range === undefined || more.length > 0 || !/^\d+$/.test(count ?? "")) {
    return wrong("is not an address and a count");
  }
  return { kind: "entry", range };
}

const isWord = (word: string): boolean => !word.startsWith("-");

function withoutComment(line: string): string {
  const at = line.search(/[#;]/);
  return (at < 0 ? line : line.slice(0, at)).trim();
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
