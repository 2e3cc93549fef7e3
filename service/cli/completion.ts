import type { Command, Option } from "commander";
import type { FeedView } from "../control/feed-views.js";
import { sortFields } from "./sorted-bans.js";

/** What the shell asks for; `current` is the word that the cursor is on. */
export interface Asked {
  readonly before: readonly string[];
  readonly current: string;
}

/** Asks the running agent; whatever goes wrong with that, nothing is offered. */
export type Ask = (path: string) => Promise<unknown>;

/** What may stand there, by the tree of commands and what this host has now. */
export async function completions(
  program: Command,
  { before, current }: Asked,
  ask: Ask,
): Promise<readonly string[]> {
  const { command, path } = commandIn(program, before);
  const option = optionIn(command, before.at(-1));
  const words =
    option?.required === true
      ? await valuesOf(option.long ?? "", ask)
      : current.startsWith("-")
        ? optionsOf(command)
        : await argumentsOf(command, { path, before }, ask);
  return words.filter((word) => word.startsWith(current));
}

function commandIn(program: Command, before: readonly string[]) {
  let command = program;
  const path: string[] = [];
  for (const word of before) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) continue;
    command = next;
    path.push(word);
  }
  return { command, path };
}

const optionIn = (
  command: Command,
  word: string | undefined,
): Option | undefined =>
  command.options.find(({ short, long }) => word === short || word === long);

const optionsOf = (command: Command): readonly string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => (long === undefined ? [] : [long]));

async function valuesOf(option: string, ask: Ask): Promise<readonly string[]> {
  switch (option) {
    case "--feed": {
      const { feeds } = (await ask("/v1/status")) as { feeds: FeedView[] };
      return feeds.map(({ feed }) => feed);
    }
    case "--to-before": {
      const { orders } = (await ask("/v1/history?limit=20")) as {
        orders: { order: number }[];
      };
      return orders.map(({ order }) => String(order));
    }
    case "--sort":
      return sortFields;
    case "--for":
      return ["15m", "1h", "4h", "24h", "7d"];
    default:
      return [];
  }
}

async function argumentsOf(
  command: Command,
  { path, before }: { path: readonly string[]; before: readonly string[] },
  ask: Ask,
): Promise<readonly string[]> {
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());
  if (commands.length > 0) return commands;
  switch (path.join(" ")) {
    case "lift":
      return rangesOf(await ask("/v1/bans?feed=local&limit=1000"));
    case "confirm":
      return rangesOf(await ask("/v1/bans?held&limit=1000"));
    case "release":
    case "allow":
      return before.includes("--undo")
        ? rangesOf(await ask("/v1/releases"))
        : [];
    default:
      return [];
  }
}

const rangesOf = (answer: unknown): readonly string[] =>
  (answer as readonly { readonly range: string }[]).map(({ range }) => range);

/** For `/usr/share/bash-completion/completions/tourniquet`, or `eval`. */
export const BASH = `# bash completion of tourniquet(8)
_tourniquet() {
  local words cword cur
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : words cword cur
  else
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]}
  fi
  mapfile -t COMPREPLY < <("\${words[0]}" complete "$cword" -- "\${words[@]}" 2>/dev/null)
  if declare -F __ltrim_colon_completions >/dev/null; then
    __ltrim_colon_completions "$cur"
  fi
}
complete -o default -F _tourniquet tourniquet
`;
