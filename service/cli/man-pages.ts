import type { Command } from "commander";
import {
  EXIT_CODES,
  OWN_EXIT_CODES,
  pagesOf,
  type CommandPage,
} from "./command-tree.js";

/** What is the same on every page. */
export interface ManTerms {
  readonly version: string;
  /** "2026-11-29": of the release, so that the same source gives the same bytes. */
  readonly date: string;
}

/** Pages of section 8 by the names of their files: one of all, and one each. */
export function manPages(
  program: Command,
  terms: ManTerms,
): ReadonlyMap<string, string> {
  const pages = pagesOf(program);
  return new Map([
    ["tourniquet.8", overview(program, pages, terms)],
    ...pages.map((page): readonly [string, string] => [
      `${fileNameOf(page)}.8`,
      pageText(page, terms),
    ]),
  ]);
}

const fileNameOf = ({ name }: CommandPage): string =>
  `tourniquet-${name.replaceAll(" ", "-")}`;

function overview(
  program: Command,
  pages: readonly CommandPage[],
  terms: ManTerms,
): string {
  const groups = [...new Set(pages.map(({ group }) => group))];
  return lines([
    title("tourniquet", terms),
    ...section("NAME"),
    `tourniquet \\- ${escaped("keep this host's bans in its kernel")}`,
    ...section("SYNOPSIS"),
    "\\fBtourniquet\\fR [\\fB\\-c\\fR \\fIfile\\fR] \\fIcommand\\fR [\\fIoptions\\fR]",
    ...section("DESCRIPTION"),
    escaped(program.description()),
    ...groups.flatMap((group) => [
      ...section(group.replace(/:$/, "").toUpperCase()),
      ...pages
        .filter((page) => page.group === group)
        .flatMap((page) => [
          ".TP",
          `\\fB${escaped(fileNameOf(page))}\\fR(8)`,
          escaped(page.description),
        ]),
    ]),
    ...exitStatus(),
    ...section("FILES"),
    ".TP",
    "\\fI/etc/tourniquet/config.yaml\\fR",
    "what is settled for this host; it may be absent",
  ]);
}

function pageText(page: CommandPage, terms: ManTerms): string {
  const { usage, description, options } = page;
  return lines([
    title(fileNameOf(page), terms),
    ...section("NAME"),
    `${escaped(fileNameOf(page))} \\- ${escaped(description)}`,
    ...section("SYNOPSIS"),
    `\\fB${escaped(usage)}\\fR`,
    ...(options.length === 0 ? [] : section("OPTIONS")),
    ...options.flatMap((option) => [
      ".TP",
      `\\fB${escaped(option.flags)}\\fR`,
      escaped(option.description),
    ]),
    ...exitStatus(),
    ...ownExitStatus(page),
    ...section("SEE ALSO"),
    "\\fBtourniquet\\fR(8)",
  ]);
}

const exitStatus = (): readonly string[] => [
  ...section("EXIT STATUS"),
  ...EXIT_CODES.flatMap(([code, what]) => [".TP", String(code), escaped(what)]),
];

function ownExitStatus({ name }: CommandPage): readonly string[] {
  const own = OWN_EXIT_CODES.get(name);
  return own === undefined ? [] : [".PP", escaped(`Of this command: ${own}.`)];
}

const title = (name: string, { version, date }: ManTerms): string =>
  `.TH ${name.toUpperCase()} 8 "${date}" "tourniquet ${version}" "System Administration"`;

const section = (name: string): readonly string[] => [`.SH ${name}`];

const lines = (all: readonly string[]): string => `${all.join("\n")}\n`;

/** Nothing of it is a command of the formatter; a hyphen is one that can be pasted. */
const escaped = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/, "\\&");
