import type { Command } from "commander";
import { decisionOf } from "./ask-decisions.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { toldDecision } from "./told-decision.js";

/** decision. */
export function addDecision(program: Command, io: Io): void {
  program
    .command("decision")
    .description(
      "one decision: why, how sure, on which evidence, what came of it",
    )
    .argument("<id>")
    .option("--json", JSON_HELP)
    .action(async (id: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: true }>();
      const told = await decisionOf(clientOf(command), id);
      if (json) io.out(JSON.stringify(told));
      else for (const line of toldDecision(told)) io.out(line);
    });
}
