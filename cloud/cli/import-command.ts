import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { Option, type Command } from "commander";
import type { ImportAnswer } from "../api/import-route.js";
import { formatNames } from "../lists/judge.js";
import { listFormats, type ListFormat } from "../lists/line.js";
import type { ListReport } from "../lists/list.js";
import { Client, CloudRefused, type Imported } from "./client.js";
import {
  described,
  doneTo,
  OBSERVE_HELP,
  tellUnapproved,
  TERM_HELP,
} from "./decision-commands.js";
import { CommandFailed, type Io } from "./io.js";

interface ImportOptions {
  readonly dir: string;
  readonly feed: string;
  readonly for: string;
  readonly reason: string;
  readonly observe?: true;
  readonly name?: string;
  readonly format?: ListFormat;
  readonly column?: string;
  readonly replace?: true;
  readonly force?: true;
  readonly dryRun?: true;
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
    .option("--feed <name>", "urgent, reputation or org/<id>", "reputation")
    .option("--for <term>", TERM_HELP, "7d")
    .option("--reason <text>", "for whoever asks later", "")
    .option("--observe", OBSERVE_HELP)
    .option("--name <name>", "what the list is known by (default: the file's)")
    .option("--replace", "lift what the list of this name had and has no more")
    .option("--dry-run", "say what would be done, and do nothing")
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
      const list = await openList(file, io);
      const answer = await imported(list, query, io, options);
      tell(answer, options, io);
    });
}

const HELP = `
Every name is one list in its feed. Exit codes: 0 all of it was taken, 3 some
lines were rejected, 1 or 2 nothing was done.

Examples:
  $ tourniquet-cloud import drop_v4.json --for 1d --reason spamhaus-drop
  $ tourniquet-cloud import drop_v4.json --replace --dry-run
  $ gunzip -c list.gz | tourniquet-cloud import - --name nightly --replace
  $ tourniquet-cloud import seen.csv --column src_ip`;

/** @throws CommandFailed */
async function openList(file: string, io: Io): Promise<Readable> {
  if (file === "-") return io.input();
  const handle = await open(file).catch((cause: unknown) => {
    const why = `FILE "${file}" cannot be read`;
    throw new CommandFailed(why, 2, { cause });
  });
  if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
  await handle.close();
  throw new CommandFailed(`FILE "${file}" is a folder`, 2);
}

function queryOf(file: string, options: ImportOptions): Record<string, string> {
  const { feed, for: term, reason, format, column } = options;
  const list = options.name ?? (file === "-" ? undefined : basename(file));
  if (options.replace && list === undefined) {
    const why = "--replace needs --name: standard input has no name";
    throw new CommandFailed(why, 2);
  }
  return {
    ...{ feed, for: term, reason },
    observe: String(options.observe ?? false),
    replace: String(options.replace ?? false),
    force: String(options.force ?? false),
    dryRun: String(options.dryRun ?? false),
    ...(list !== undefined && { list }),
    ...(format !== undefined && { format }),
    ...(column !== undefined && { column }),
  };
}

/** A list that is refused is told with its first bad lines. */
async function imported(
  list: Readable,
  query: Readonly<Record<string, string>>,
  io: Io,
  { dir }: ImportOptions,
): Promise<Imported> {
  try {
    return await Client.of(dir).import(list, query);
  } catch (error) {
    if (!(error instanceof CloudRefused)) throw error;
    const { body } = error;
    if (typeof body !== "object" || body === null || !("report" in body)) {
      throw error;
    }
    tellRejections(body.report as ListReport, io);
    throw new CommandFailed(error.message, 1, { cause: error });
  }
}

function tell(
  answer: Imported,
  { feed, for: term, observe }: ImportOptions,
  io: Io,
): void {
  const { replaced, rejected, entries } = answer;
  if (answer.dryRun) {
    const what = observe ? "observe" : "ban";
    io.out(`would ${what} ${counted(entries, "range")} in ${feed} for ${term}`);
  } else io.out(described(doneTo(observe === true), entries, answer));
  if (replaced !== null) io.out(replacedText(answer, replaced));
  tellUnapproved({ ...answer, feed }, io);
  io.out(reportText(answer));
  tellRejections(answer, io);
  if (rejected === 0) return;
  const lines = `${rejected} of ${answer.lines} lines were rejected`;
  throw new CommandFailed(`taken in part: ${lines}`, 3);
}

function replacedText(
  { dryRun }: ImportAnswer,
  { before, lifted, kept }: NonNullable<ImportAnswer["replaced"]>,
): string {
  const lift = dryRun ? "would lift" : "lifted";
  const more =
    kept === 0 ? "" : `; ${kept} more stay, since others ban them as well`;
  return `${lift} ${lifted} of ${counted(before, "range")} that the list brought before${more}`;
}

function reportText({
  format,
  masked,
  duplicates,
  rejected,
}: ListReport): string {
  const as = format === undefined ? "an empty list" : formatNames[format];
  return `read as ${as}: ${masked} masked, ${duplicates} duplicates, ${rejected} lines rejected`;
}

function tellRejections({ rejections, rejected }: ListReport, io: Io): void {
  for (const { line, text, problem } of rejections) {
    io.err(`line ${line}: "${text}" ${problem}`);
  }
  const more = rejected - rejections.length;
  if (more > 0) io.err(`… and ${more} more`);
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;
