import type { Command } from "commander";
import {
  proposalsOf,
  refuse,
  release,
  type ProposalItem,
} from "./ask-proposals.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { ruleAlarms } from "./shown-alarms.js";
import { dateOf, table } from "./tables.js";

interface Options {
  readonly all?: true;
  readonly limit: string;
  readonly json?: true;
  readonly for: string;
  readonly reason: string;
}

/** proposals, proposals release, proposals refuse. */
export function addProposalCommands(program: Command, io: Io): void {
  const proposals = program
    .command("proposals")
    .description("list the bans that rules want and a person decides on")
    .option("--all", "those that were decided on or ran out as well")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (_, command: Command) => {
      const { all, limit, json } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      for (const line of await ruleAlarms(client)) io.err(line);
      const query = { all: String(all ?? false), limit };
      const { items } = await proposalsOf(client, query);
      if (json) jsonLines(io, items);
      else if (items.length === 0) io.out("no proposals are open");
      else io.out(table(HEAD, items.map(row)));
    });

  proposals
    .command("release")
    .description("ban what a rule proposed, for everybody")
    .argument("<id>")
    .option("--for <term>", "30s, 15m, 4h, 7d or permanent", "4h")
    .option("--reason <text>", "for whoever asks later", "")
    .action(async (id: string, _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const order = { for: options.for, reason: options.reason };
      const { decision } = await release(clientOf(command), id, order);
      const how = decision ?? "nothing changed: it was banned already";
      io.out(`released ${id}: banned for everybody (${how})`);
    });

  proposals
    .command("refuse")
    .description("leave alone whom a rule proposed, for as long again")
    .argument("<id>")
    .requiredOption("--reason <text>", "for whoever asks later")
    .action(async (id: string, _, command: Command) => {
      const { reason } = command.optsWithGlobals<Options>();
      await refuse(clientOf(command), id, reason);
      io.out(`refused ${id}: nobody is banned`);
    });
}

const HELP = `
A rule bans nobody by itself who connects as an agent, whom a host's guard held,
whose address many share, or who is in never-ban.txt. What nobody decides on
runs out, and comes again when it is seen again.

Examples:
  $ tourniquet-cloud proposals
  $ tourniquet-cloud proposals release prp-5f0c6b1e9a3d2744 --for 1d
  $ tourniquet-cloud proposals refuse prp-5f0c6b1e9a3d2744 --reason "our office"`;

const HEAD = ["proposal", "attacker", "seen", "why not a rule", "until"];

const row = (proposal: ProposalItem): readonly string[] => [
  proposal.id,
  proposal.attacker,
  proposal.reason,
  whyOf(proposal.veto),
  standingOf(proposal),
];

function whyOf(veto: ProposalItem["veto"]): string {
  switch (veto.why) {
    case "never-list":
      return "never-ban.txt has it";
    case "tier":
      return `many share it (${veto.tier})`;
    case "agent":
      return `${veto.agent} of ${veto.org} connects from there`;
    case "held":
      return `a host of ${veto.org} held it (${veto.rule})`;
  }
}

function standingOf(proposal: ProposalItem): string {
  const { verdict, settledBy, expiresAt } = proposal;
  if (verdict !== null) return `${verdict} by ${settledBy ?? ""}`;
  const until = dateOf(expiresAt);
  return Date.parse(expiresAt) > Date.now() ? until : `ran out ${until}`;
}
