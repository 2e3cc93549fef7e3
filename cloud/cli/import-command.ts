import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { Option, type Command } from "commander";
import { failed, misused } from "../../agent/text/failure.js";
import { listFormats, type ListFormat } from "../lists/line.js";
import type { ListReport } from "../lists/list.js";
import { importList, type ImportTold, type WaitsTold } from "./ask-bans.js";
import { CloudRefused, clientOf, type Client } from "./client.js";
import { NO_RINGS_HELP, OBSERVE_HELP, TERM_HELP } from "./decision-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { giveOrderOutput } from "./order-output.js";
import type { Query } from "./pages.js";
import { GLASS_HELP, carriedOut } from "./told-waits.js";
import { rejectionLines, toldImport } from "./told-imports.js";
import { WAIT_HELP, waitMsOf, waitOf } from "./wait.js";
import { FEEDS_HELP, feedHelp } from "./words.js";

interface ImportOptions {
  readonly feed?: string;
  readonly for: string;
  readonly reason: string;
  readonly observe?: true;
  readonly name?: string;
  readonly format?: ListFormat;
  readonly column?: string;
  readonly replace?: true;
  readonly force?: true;
  /** False: no ring waits for another. */
  readonly rings: boolean;
  readonly dryRun?: true;
  readonly breakGlass?: string;
  readonly wait?: true | number;
  readonly json?: true;
}

/** import. */
export function addImportCommand(program: Command, io: Io): void {
  program
    .command("import")
    .description("ban a whole list, once all of it was read and judged")
    .argument(
      "<file>",
      "plain, FireHOL, Spamhaus, DShield, ipset, ipsum or CSV; - for standard input",
    )
    .option("--feed <name>", feedHelp("reputation"))
    .option("--for <term>", TERM_HELP, "7d")
    .option("--reason <text>", "for whoever asks later", "")
    .option("--observe", OBSERVE_HELP)
    .option("--name <name>", "what the list is known by (default: the file's)")
    .option("--replace", "lift what the list of this name had and has no more")
    .option("--no-rings", NO_RINGS_HELP)
    .option("--dry-run", "say what it would do, and do nothing")
    .option("--break-glass <why>", GLASS_HELP)
    .option("--wait [time]", WAIT_HELP, waitMsOf)
    .option("--json", JSON_HELP)
    .option("--force", "take what can be taken of what is hardly a list")
    .addOption(
      new Option("--format <format>", "instead of finding out").choices(
        listFormats,
      ),
    )
    .option("--column <column>", "of a CSV: its name, or its number from 1")
    .addHelpText("after", HELP)
    .action(async (file: string, _, command: Command) => {
      const options = command.optsWithGlobals<ImportOptions>();
      const query = queryOf(file, options);
      const client = clientOf(command);
      const bytes = await openList(file, io);
      const answered = await imported(client, bytes, query, io);
      const answer = carriedOut(answered, io, options.json);
      const told = toldImport(answer, options.observe === true);
      const made = answer.decision === null ? [] : [answer.decision];
      const { json, wait } = options;
      const output = { json, waitMs: waitOf(wait) };
      await giveOrderOutput(answer, made, told, {
        ...{ client, io, options: output },
      });
    });
}

const HELP = `
Every name is one list in its feed. An import neither shortens nor weakens a ban
that stands.

Exit code: 0 the whole list is banned, 3 a part of it: lines were rejected, or hosts
will hold ranges; 1 nothing changed, or the list is refused, 2 wrongly asked, 4 it
waits for a second person.

Examples:
  $ tourniquet-cloud import drop_v4.json --for 1d --reason spamhaus-drop
  $ tourniquet-cloud import drop_v4.json --replace --dry-run
  $ gunzip -c list.gz | tourniquet-cloud import - --name nightly --replace
  $ tourniquet-cloud import seen.csv --column src_ip
${FEEDS_HELP}`;

/** @throws Failure */
async function openList(file: string, io: Io): Promise<Readable> {
  if (file === "-") return io.input();
  const handle = await open(file).catch((cause: unknown) => {
    const why = `FILE "${file}" cannot be read`;
    throw misused(why, cause);
  });
  if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
  await handle.close();
  throw misused(`FILE "${file}" is a folder`);
}

function queryOf(file: string, options: ImportOptions): Query {
  const { feed, for: term, reason, format, column } = options;
  const list = options.name ?? (file === "-" ? undefined : basename(file));
  if (options.replace && list === undefined) {
    const why = "--replace needs --name: standard input has no name";
    throw misused(why);
  }
  return {
    ...{ feed, for: term, reason },
    observe: String(options.observe ?? false),
    replace: String(options.replace ?? false),
    force: String(options.force ?? false),
    dryRun: String(options.dryRun ?? false),
    noRings: String(!options.rings),
    ...{ list, format, column, breakGlass: options.breakGlass },
  };
}

/** A list that is refused is told with its first bad lines. */
async function imported(
  client: Client,
  list: Readable,
  query: Query,
  io: Io,
): Promise<ImportTold | WaitsTold> {
  try {
    return await importList(client, list, query);
  } catch (error) {
    if (!(error instanceof CloudRefused)) throw error;
    const { body } = error;
    if (typeof body !== "object" || body === null || !("report" in body)) {
      throw error;
    }
    for (const line of rejectionLines(body.report as ListReport)) io.err(line);
    throw failed(error.message, error);
  }
}
