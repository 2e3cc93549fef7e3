import type { Command } from "commander";
import { misused } from "../../agent/text/failure.js";
import { coverageOf, coveragePage } from "./ask-coverage.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import {
  coverageCsv,
  coverageLines,
  coverageTable,
  hostsCsv,
} from "./told-coverage.js";

interface Options {
  readonly limit: string;
  readonly feed?: string;
  readonly org?: string;
  readonly all?: true;
  readonly json?: true;
  readonly csv?: true;
}

/** coverage. */
export function addCoverageCommand(program: Command, io: Io): void {
  program
    .command("coverage")
    .description("who holds what was decided, and who is missing since when")
    .argument("[decision]", "host by host; without one the newest, a line each")
    .option("--org <id>", "its hosts alone")
    .option("--feed <name>", "decisions in urgent, reputation or org/<id>")
    .option("--limit <count>", "so many decisions, 100 at most", "20")
    .option("--all", "every host, those that hold it included")
    .option("--json", JSON_HELP)
    .option("--csv", "a row for each host, or decision")
    .addHelpText("after", HELP)
    .action(async (id: string | undefined, _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      if (options.json && options.csv) throw misused("--json or --csv");
      const asked = id === undefined ? listed : ofOne(id);
      await asked(command, options, io);
    });
}

type Asked = (command: Command, options: Options, io: Io) => Promise<void>;

const listed: Asked = async (command, { limit, feed, org, ...how }, io) => {
  const query = { limit, feed, org };
  const { items } = await coveragePage(clientOf(command), query);
  if (how.json) jsonLines(io, items);
  else if (how.csv) io.out(coverageCsv(items));
  else if (items.length === 0) io.out("nothing was decided");
  else io.out(coverageTable(items, Date.now()));
};

const ofOne =
  (id: string): Asked =>
  async (command, { org, json, csv, all = false }, io) => {
    const told = await coverageOf(clientOf(command), id, { org });
    if (json) io.out(JSON.stringify(told));
    else if (csv) io.out(hostsCsv(told));
    else for (const line of coverageLines(told, all, Date.now())) io.out(line);
  };

const HELP = `
Examples:
  $ tourniquet-cloud coverage
  $ tourniquet-cloud coverage dec-0f1e2d3c4b5a6978 --all
  $ tourniquet-cloud coverage dec-0f1e2d3c4b5a6978 --csv > coverage.csv

Counted are the hosts that were enrolled when it was decided and not revoked
since; those that came later are told apart. How sure it is:
  proven    the device signed a receipt or a statement that says so
  inferred  it signed a receipt of a later change, or its ring has had its turn
  said      the host said it, and signed nothing`;
