import type { Command } from "commander";
import type { Config } from "../../agent/config/config.js";
import { parse } from "../terminal/command-line.js";
import { newProgram, orWarned } from "./new-program.js";

/**
 * Carries out one command line; `readerLeft` tells that nobody reads any more
 * what it prints.
 * @throws Failure with one line for the person, and the exit code
 */
export async function run(
  argv: readonly string[],
  stop: AbortSignal,
  readerLeft: AbortSignal = new AbortController().signal,
): Promise<void> {
  const quick = QUICK.get(commandOf(argv.slice(2)) ?? "");
  if (quick !== undefined) {
    const { program, file } = newProgram();
    const add = await quick();
    add(program, () => orWarned(file()));
    return parse(program, argv);
  }
  const { makeProgram } = await import("./program.js");
  await parse(makeProgram(stop, readerLeft), argv);
}

type Adding = (program: Command, config: () => Config) => void;

/** What is asked most does not wait until all other commands are loaded. */
const QUICK: ReadonlyMap<string, () => Promise<Adding>> = new Map([
  ["status", async () => (await import("./commands/status.js")).statusCommand],
  ["why", async () => (await import("./commands/why.js")).whyCommand],
]);

/** The first word that is neither an option nor the file that one names. */
function commandOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => !word.startsWith("-"));
  const before = words[at - 1];
  if (before !== "-c" && before !== "--config") return words[at];
  return commandOf(words.slice(at + 1));
}
