import { Option, type Command } from "commander";
import { failed, misused } from "../../agent/text/failure.js";
import { impactOf, type ImpactTold } from "./ask-bans.js";
import { clientOf, type Client } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { dateOf, table } from "./tables.js";
import { feedHelp } from "./words.js";

interface Options {
  readonly dir: string;
  readonly feed?: string;
  readonly json?: true;
}

/** impact. */
export function addImpactCommand(program: Command, io: Io): void {
  program
    .command("impact")
    .description("ask hosts what a ban would cut, without banning")
    .argument("<range...>", "at most 256")
    .option("--feed <name>", feedHelp("urgent"))
    .option("--json", JSON_HELP)
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud impact 198.51.100.0/24 --feed org/acme",
    )
    .action(async (ranges: string[], _, command: Command) => {
      const { feed, json } = command.optsWithGlobals<Options>();
      const report = await impactOf(clientOf(command), { ranges, feed });
      if (json) io.out(JSON.stringify(report));
      else io.out(table(["what", "count"], rowsOf(report)));
    });
}

/** `--check-impact <flows>` of `ban`; an observed ban cuts nothing. */
export const checkImpactOption = (): Option =>
  new Option(
    "--check-impact <flows>",
    "ask hosts first, and do not ban where more open flows would be cut",
  )
    .argParser(wholeNumber)
    .conflicts("observe");

/** @throws Failure when the ban would cut more, or nobody says */
export async function checkImpact(
  client: Client,
  order: {
    readonly ranges: readonly string[];
    readonly feed: string | undefined;
  },
  most: number,
  io: Io,
): Promise<void> {
  const report = await impactOf(client, order);
  const { asked, answered, live, affected, liveOnOne } = report;
  if (live > most) {
    const where = `${live} open flows on ${affected} of ${answered} hosts, ${liveOnOne} on one of them`;
    throw failed(
      `not banned: it would cut ${where}; --check-impact allows ${most}. ${GO_ON}`,
    );
  }
  if (asked > 0 && answered === 0) {
    const who = `none of ${asked} hosts said what it would cut`;
    throw failed(`not banned: ${who}. ${GO_ON}`);
  }
  const unsaid = asked - answered;
  const silent = unsaid === 0 ? "" : `; ${unsaid} did not say`;
  io.err(`would cut ${live} open flows on ${answered} hosts${silent}`);
}

const GO_ON =
  "Look closer with `impact`, try with --observe, allow more, or ban without --check-impact";

function rowsOf(report: ImpactTold): readonly (readonly [string, string])[] {
  const { asked, answered, refused, affected, since, partial } = report;
  const lately = since === null ? "" : ` since ${dateOf(since)}`;
  const atLeast = partial === 0 ? "" : ` (at least: ${partial} saw not all)`;
  return [
    ["hosts asked", String(asked)],
    ["answered", String(answered)],
    ["refused", String(refused)],
    ["with open flows", String(affected)],
    ["open flows", `${report.live}${atLeast}`],
    ["begun by hosts", String(report.liveBegun)],
    ["most on one host", String(report.liveOnOne)],
    [`remotes${lately}`, String(report.recent)],
    ["called by hosts", String(report.recentBegun)],
  ];
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const why = `--check-impact "${text}" is not a whole number`;
  throw misused(why);
}
