import type { ListFormat } from "./line.js";
import type { ListReport } from "./list.js";
import type { Look } from "./look.js";

/** What is to become of a list, as a whole. */
export type Judgement =
  | { readonly take: "all" }
  | { readonly take: "part" }
  | { readonly take: "nothing"; readonly why: string };

/** What the operator says beyond the list. */
export interface Wish {
  /** Take what can be taken. */
  readonly force: boolean;
  /** What the list had before and has no more is to be lifted. */
  readonly replace: boolean;
}

/**
 * Judges a list before anything of it is published. An error page may have an
 * address in it as well, so that a text most of whose lines are no ranges is refused.
 */
export function judge(report: ListReport, { force, replace }: Wish): Judgement {
  const { entries, rejected, look } = report;
  const mayBeEmpty = force && replace && rejected === 0;
  if (entries === 0 && !mayBeEmpty) {
    const why = `the list holds no range${said(look)}${counts(report)}`;
    return { take: "nothing", why };
  }
  const why = force ? undefined : whyNot(report);
  if (why !== undefined) {
    const remedy = "; --force takes what can be taken";
    return { take: "nothing", why: why + counts(report) + remedy };
  }
  return { take: rejected === 0 ? "all" : "part" };
}

function whyNot({ look, taken, rejected }: ListReport): string | undefined {
  // One line of a hosts file may stray into a list; a page or a document is one.
  if (look !== undefined && look.as !== "hosts") {
    return `this is no list to ban${said(look)}`;
  }
  if (rejected <= taken) return undefined;
  return `more lines are rejected than taken${said(look)}`;
}

function said(look: ListReport["look"]): string {
  if (look === undefined) return "";
  return `: line ${look.line} looks like ${LOOKS[look.as]}`;
}

const LOOKS: Readonly<Record<Look, string>> = {
  markup: "HTML or XML, such as an error page",
  json: 'JSON, and not like one object with a "cidr" on each line',
  hosts: "a hosts file, which names hosts and bans nobody",
};

function counts({ format, lines, taken, rejected }: ListReport): string {
  const as = format === undefined ? "" : ` as ${formatNames[format]}`;
  const noun = lines === 1 ? "line" : "lines";
  return ` (${lines} ${noun} read${as}: ${taken} taken, ${rejected} rejected)`;
}

/** For people. */
export const formatNames: Readonly<Record<ListFormat, string>> = {
  plain: "a plain list",
  ipsum: "an ipsum list",
  dshield: "a DShield list",
  ipset: "an ipset dump",
  "spamhaus-json": "Spamhaus JSON",
  csv: "CSV",
};
