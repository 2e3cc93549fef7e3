import { CommanderError, type Command } from "commander";
import { misused } from "../../agent/text/failure.js";

/**
 * Carries out what a command line asks for; help that was asked for is no failure.
 * @throws Failure when it makes no sense, and what its command throws
 */
export async function parse(
  program: Command,
  argv: readonly string[],
): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || error.code === "commander.help") return;
    const message = error.message.replace(/^error: /, "");
    throw misused(`${message} (try --help)`);
  }
}
