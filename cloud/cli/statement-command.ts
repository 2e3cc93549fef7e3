import type { Command } from "commander";
import { statementsOf, type StatementItem } from "./ask-answers.js";
import { clientOf } from "./client.js";
import { AGENT_HELP } from "./identity-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { dateOf, table } from "./tables.js";

interface Options {
  readonly limit: string;
  readonly agent?: string;
  readonly decision?: string;
  readonly json?: true;
}

/** What devices stated that had changed after their receipts. */
export function addStatements(program: Command, io: Io): void {
  program
    .command("statements")
    .description("list what hosts signed that changed after their receipts")
    .option("--agent <agent>", `only of one host: ${AGENT_HELP}`)
    .option("--decision <id>", "only how trials of its bans ended")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, agent, decision, json } = options;
      const query = { limit, agent, decision };
      const { items } = await statementsOf(clientOf(command), query);
      if (json) jsonLines(io, items);
      else io.out(table(HEAD, items.map(rowOf)));
    });
}

const HEAD = ["when", "org", "agent", "mode", "what"];

const rowOf = ({ statement, org, agent }: StatementItem): readonly string[] => [
  ...[dateOf(statement.time), org, agent],
  ...[statement.mode, told(statement)],
];

/** One line for a person. */
function told(it: StatementItem["statement"]): string {
  switch (it.what) {
    case "trial-passed":
      return `${it.bans} bans of ${it.feed} stay, their trial went well`;
    case "trial-failed":
      return `${it.bans} bans of ${it.feed} taken back: ${it.why.join("; ")}`;
    case "released":
      return `${it.range} released until ${it.until}`;
    case "release-ended":
      return `${it.range} no longer released`;
    case "rolled-back":
      return `rolled back to revision ${it.revision}: ${it.withheld} ranges withheld, ${it.putBack} put back`;
    case "rollback-undone":
      return `rollbacks undone: ${it.ranges} ranges`;
    case "confirmed":
      return `${it.bans} bans enforced without another trial: ${it.range ?? "all"}`;
    case "mode":
      return "its operator has set the mode";
    case "paused":
      return `paused until ${it.until}`;
    case "pause-ended":
      return "the pause is over";
  }
}
