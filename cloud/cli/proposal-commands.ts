import type { Command } from "commander";
import {
  proposalOf,
  proposalsOf,
  refuse,
  release,
  type ProposalItem,
} from "./ask-proposals.js";
import { PROPOSALS } from "../query/lists/proposals.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { queryIn, takesQuery, toldQuery } from "./query-argument.js";
import { glassAlarms, ruleAlarms } from "./shown-alarms.js";
import { table, toldPage } from "./tables.js";
import {
  byOf,
  standingOf,
  toldProposal,
  whatOf,
  whyItWaits,
} from "./told-proposals.js";

interface Options {
  readonly all?: true;
  readonly limit: string;
  readonly json?: true;
  readonly explain?: true;
  readonly for: string;
  readonly reason: string;
  readonly wrong?: true;
}

/** proposals, proposals release, proposals refuse. */
export function addProposalCommands(program: Command, io: Io): void {
  const proposals = takesQuery(program.command("proposals"), PROPOSALS)
    .description(
      "list what rules and people want, and somebody else decides on",
    )
    .option("--all", "those that were decided on or ran out as well")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { all, limit, json } = options;
      const q = queryIn(words, PROPOSALS);
      if (options.explain) {
        toldQuery(io, q, PROPOSALS);
        return;
      }
      const client = clientOf(command);
      for (const line of await ruleAlarms(client)) io.err(line);
      for (const line of await glassAlarms(client)) io.err(line);
      const query = { all: String(all ?? false), limit, q };
      const page = await proposalsOf(client, query);
      if (json) jsonLines(io, page.items);
      else if (page.items.length === 0) io.out("no proposals are open");
      else toldPage(io, page, (some) => table(HEAD, some.map(row)));
    });

  addShow(proposals, io);
  addAnswers(proposals, io);
}

/** What somebody else decides: release, refuse. */
function addAnswers(proposals: Command, io: Io): void {
  proposals
    .command("release")
    .description("have what a rule or somebody else proposed carried out")
    .argument("<id>")
    .option("--for <term>", "of a rule's ban: 15m, 4h, 7d or permanent", "4h")
    .option("--reason <text>", "for whoever asks later", "")
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const order = { for: options.for, reason: options.reason };
      const { decision, change } = await release(clientOf(command), id, order);
      const how = change ?? decision ?? "nothing had to be changed any more";
      io.out(`released ${id} (${how})`);
    });

  proposals
    .command("refuse")
    .description("leave it undone, or withdraw what one ordered oneself")
    .argument("<id>")
    .requiredOption("--reason <text>", "for whoever asks later")
    .option("--wrong", "it is not true: counts against whose word it was")
    .action(async (id: string, _, command: Command) => {
      const { reason, wrong = false } = command.optsWithGlobals<Options>();
      await refuse(clientOf(command), id, { reason, wrong });
      io.out(`refused ${id}: nothing was done`);
    });
}

function addShow(proposals: Command, io: Io): void {
  proposals
    .command("show")
    .description("one of them, with all that it is of")
    .argument("<id>")
    .option("--json", JSON_HELP)
    .action(async (id: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const told = await proposalOf(clientOf(command), id);
      if (json) io.out(JSON.stringify(told));
      else for (const line of toldProposal(told)) io.out(line);
    });
}

const HELP = `
A rule bans nobody by itself who connects as an agent, whom a host's guard held,
whose address many share, or who is in never-ban.txt. What nobody decides on
runs out, and comes again when it is seen again.

What people order that is dangerous waits here for somebody else; who released it
just stepped up. It runs out as well, and is never carried out by itself.

Examples:
  $ tourniquet-cloud proposals
  $ tourniquet-cloud proposals release prp-5f0c6b1e9a3d2744 --for 1d
  $ tourniquet-cloud proposals refuse prp-5f0c6b1e9a3d2744 --reason "our office"`;

const HEAD = ["proposal", "what", "by", "why it waits", "until"];

const row = (proposal: ProposalItem): readonly string[] => [
  ...[proposal.id, whatOf(proposal), byOf(proposal), whyItWaits(proposal)],
  standingOf(proposal),
];
