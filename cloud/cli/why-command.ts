import type { Command } from "commander";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { whyOf } from "./ask-coverage.js";
import { whyLines } from "./told-why.js";

/** why. */
export function addWhyCommand(program: Command, io: Io): void {
  program
    .command("why")
    .description("why an address is banned, on what, by whom, and who holds it")
    .argument("<range>", 'such as "203.0.113.7"')
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (range: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: true }>();
      const why = await whyOf(clientOf(command), range);
      if (json) io.out(JSON.stringify(why));
      else for (const line of whyLines(why)) io.out(line);
    });
}

const HELP = `
Example:
  $ tourniquet-cloud why 203.0.113.7

Told are the bans that hold it, with their decisions and who holds those, the
lists that name it, whose packets were stopped, what sensors saw of it, and the
guards that protect it. On a host itself: tourniquet why ADDRESS`;
