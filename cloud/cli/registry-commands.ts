import type { Command } from "commander";
import { addOrg, orgsOf } from "./ask-orgs.js";
import { divergencesOf } from "./ask-answers.js";
import { clientOf } from "./client.js";
import { JSON_HELP, jsonLines } from "./json.js";
import type { Io } from "./io.js";
import { dateOf, table } from "./tables.js";
import { addTokenCommands } from "./token-commands.js";
import { addVouchCommand, addWeightCommands } from "./weight-commands.js";

interface Options {
  readonly dir: string;
  readonly id?: string;
  readonly json?: true;
}

/** org, token, divergences. */
export function addRegistryCommands(program: Command, io: Io): void {
  const org = program.command("org").description("customers");
  org
    .command("add")
    .description("add an org, and print its id")
    .argument("<name>", 'such as "Example Hosting"')
    .option("--id <id>", "a-z, 0-9 and -; made from the name by default")
    .option("--json", JSON_HELP)
    .action(async (name: string, _, command: Command) => {
      const { id, json } = command.optsWithGlobals<Options>();
      const org = await addOrg(clientOf(command), name, id);
      io.out(json ? JSON.stringify(org) : org.id);
    });
  org
    .command("list")
    .description("list the orgs")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const orgs = await orgsOf(clientOf(command));
      if (json) {
        jsonLines(io, orgs);
        return;
      }
      io.out(
        table(
          ["id", "name"],
          orgs.map(({ id, name }) => [id, name]),
        ),
      );
    });

  addWeightCommands(org, io);
  addVouchCommand(program, io);
  addTokenCommands(program, io);
  addDivergences(program, io);
}

function addDivergences(program: Command, io: Io): void {
  program
    .command("divergences")
    .description("list agents that hold a history which this cloud never had")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const found = await divergencesOf(clientOf(command));
      if (json) {
        jsonLines(io, found);
        return;
      }
      const head = ["seq", "when", "agent", "feed", "at", "theirs", "ours"];
      const rows = found.map(({ seq, at, agent, feed, ...rest }) => [
        ...[seq, dateOf(at), agent, feed, `${rest.epoch}/${rest.offset}`],
        ...[rest.theirs, rest.ours ?? "nothing"],
      ]);
      io.out(table(head, rows));
    });
}
