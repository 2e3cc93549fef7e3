import type { Command } from "commander";

/** What there is to say of one command: help, man pages and documents are of this. */
export interface CommandPage {
  /** "status", or "config show". */
  readonly name: string;
  /** "tourniquet bans [options] [range]". */
  readonly usage: string;
  readonly description: string;
  /** The heading that it is listed under. */
  readonly group: string;
  readonly options: readonly OptionLine[];
}

export interface OptionLine {
  /** "--limit <n>". */
  readonly flags: string;
  readonly description: string;
}

/** Every command that does something, in the order in which help lists them. */
export function pagesOf(program: Command): readonly CommandPage[] {
  const { groups, pages } = gathered(program, []);
  return groups.flatMap((group) =>
    pages.filter((page) => page.group === group),
  );
}

interface Gathered {
  readonly groups: readonly string[];
  readonly pages: readonly CommandPage[];
}

function gathered(command: Command, path: readonly string[]): Gathered {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter(isOurs);
  const found = children.flatMap((child): readonly CommandPage[] => {
    const names = [...path, child.name()];
    const inner = gathered(child, names).pages;
    const group = child.helpGroup();
    if (inner.length > 0) return inner.map((page) => ({ ...page, group }));
    return [pageOf(child, names)];
  });
  const groups = [...new Set(children.map((child) => child.helpGroup()))];
  return { groups, pages: found };
}

function pageOf(command: Command, names: readonly string[]): CommandPage {
  const help = command.createHelp();
  const options = help
    .visibleOptions(command)
    .filter(({ long }) => long !== "--help");
  return {
    name: names.join(" "),
    usage: `tourniquet ${[...names.slice(0, -1), help.subcommandTerm(command)].join(" ")}`,
    description: help.commandDescription(command),
    group: command.helpGroup(),
    options: options.map((option) => ({
      flags: help.optionTerm(option),
      description: help.optionDescription(option),
    })),
  };
}

const isOurs = (command: Command): boolean => command.name() !== "help";

/** Those of them that say something of their own by their exit code. */
export const OWN_EXIT_CODES: ReadonlyMap<string, string> = new Map([
  ["status", "with --check: 0 enforcing, 1 degraded, 2 not enforcing"],
  ["why", "with --quiet: 0 dropped, 3 in part, 1 not, or not known"],
  ["doctor", "1 where a check failed"],
  ["verify", "1 where this host was shown another history"],
  ["config check", "2 where there is something to mend"],
  ["apply", "3 where not all of the bundle was taken in"],
]);

/** What each command ends with, unless its own page says otherwise. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, "done"],
  [1, "failed or nothing changed"],
  [2, "used wrongly"],
  [3, "done in part"],
];
