import { once } from "node:events";
import { Option, type Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import type { UnkeptCount } from "../../../agent/ledger/held.js";
import { printable } from "../../../agent/log/printable.js";
import { csvLine } from "../../../agent/text/csv.js";
import { numberText } from "../../../agent/text/count.js";
import { misused } from "../../../agent/text/failure.js";
import { askAgent } from "../../control/client.js";
import type { BanView } from "../../control/list-views.js";
import { Progress } from "../../terminal/progress.js";
import { ruleText } from "../../terminal/rule-text.js";
import { columns } from "../../terminal/table.js";
import { shortMoment } from "../../terminal/when.js";
import {
  chosenOf,
  queryOf,
  type BansQuery,
  type Chosen,
} from "../ban-pages.js";
import {
  MOST_SORTED,
  sortedBans,
  sortFields,
  type SortField,
} from "../sorted-bans.js";

interface BansOptions extends Chosen {
  readonly limit?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly sort?: SortField;
  readonly desc?: boolean;
}

/** `tourniquet bans`: what is in force, or what was stopped. */
export function bansCommand(
  program: Command,
  config: () => Config,
  readerLeft: AbortSignal,
): void {
  program
    .command("bans [range]")
    .description(
      "list bans, feed by feed, or those on, around and within a range",
    )
    .option("--held", "only those that a guard stopped, and the rule")
    .option("--feed <name>", "only those of one feed")
    .option(
      "--limit <n>",
      `at most so many (default: ${DEFAULT_LIMIT}; with --json, --csv all)`,
    )
    .option("--reason <text>", "only those whose reason has this in it")
    .addOption(
      new Option("--sort <field>", "by this, of all that there are").choices(
        sortFields,
      ),
    )
    .option("--desc", "with --sort, the last first")
    .option("--json", "print one JSON object a line")
    .option("--csv", "print comma-separated values, a line each")
    .action(async (range: string | undefined, options: BansOptions) => {
      const query = { ...options, range, most: mostOf(options) };
      const { controlSocket } = config();
      const all = (most: number) =>
        chosenOf(controlSocket, { ...query, most }, readerLeft);
      const pages =
        options.sort === undefined
          ? all(query.most)
          : inOrder(all(Infinity), query, options.sort);
      const told = withProgress(pages, controlSocket, query);
      if (options.json) return printJson(told);
      if (options.csv) return printCsv(told);
      const { last, count } = await printTable(pages);
      const isWhole = options.sort !== undefined; // it has said so itself
      if (!isWhole && last !== undefined && count >= query.most) {
        await tellOfMore(controlSocket, query, last);
      }
      await print(await beyond(config(), options));
    });
}

/** Held bans of which nothing is kept but how many there were. */
async function beyond(
  { controlSocket }: Config,
  { held, feed }: BansOptions,
): Promise<readonly string[]> {
  if (!held) return [];
  const unkept = await askAgent(controlSocket, "/v1/unkept");
  return (unkept as readonly UnkeptCount[])
    .filter((each) => feed === undefined || each.feed === feed)
    .map(
      (each) =>
        `${each.bans} more bans of ${each.feed} were held by ${each.rule}; they are only counted`,
    );
}

const DEFAULT_LIMIT = 50;

function mostOf({ limit, json, csv, sort, desc }: BansOptions): number {
  if (desc === true && sort === undefined) {
    throw misused("--desc needs --sort FIELD");
  }
  if (limit === undefined) return json || csv ? Infinity : DEFAULT_LIMIT;
  const wanted = Number(limit);
  if (sort !== undefined && wanted > MOST_SORTED) {
    throw misused(
      `--limit "${limit}" is more than ${MOST_SORTED}, and no more are sorted`,
    );
  }
  if (Number.isInteger(wanted) && wanted >= 1) return wanted;
  throw misused(`--limit "${limit}" is not a number from 1 up`);
}

/** What does not fit is said on the side: what is printed may be read by a program. */
async function* inOrder(
  pages: AsyncIterable<readonly BanView[]>,
  { most, desc = false }: BansQuery & Pick<BansOptions, "desc">,
  by: SortField,
): AsyncGenerator<readonly BanView[], void> {
  const sorting = { by, desc, most: Math.min(most, MOST_SORTED) };
  const { bans, seen } = await sortedBans(pages, sorting);
  if (bans.length > 0) yield bans;
  if (bans.length === seen) return;
  process.stderr.write(
    `the first ${numberText(bans.length)} of ${numberText(seen)} by ${by}\n`,
  );
}

/** At a terminal, where what is printed goes elsewhere. */
async function* withProgress(
  pages: AsyncIterable<readonly BanView[]>,
  socket: string,
  query: BansQuery,
): AsyncGenerator<readonly BanView[], void> {
  const { stdout, stderr } = process;
  if (stdout.isTTY || !stderr.isTTY) {
    for await (const page of pages) yield page;
    return;
  }
  const progress = new Progress(stderr);
  const of = await countOf(socket, query);
  let done = 0;
  try {
    for await (const page of pages) {
      yield page;
      done += page.length;
      progress.show(done, of);
    }
  } finally {
    progress.end();
  }
}

/** Undefined where only a look at each tells how many there are. */
async function countOf(
  socket: string,
  { range, reason, most, ...query }: BansQuery,
): Promise<number | undefined> {
  if (range !== undefined || reason !== undefined) return undefined;
  const path = `/v1/bans/count?${queryOf({ ...query, range }, {})}`;
  const { bans } = (await askAgent(socket, path)) as { bans: number };
  return Math.min(bans, most);
}

async function printJson(
  pages: AsyncIterable<readonly BanView[]>,
): Promise<void> {
  for await (const page of pages) {
    await print(page.map((ban) => JSON.stringify(ban)));
  }
}

async function printCsv(
  pages: AsyncIterable<readonly BanView[]>,
): Promise<void> {
  await print([csvLine(CSV_HEAD)]);
  for await (const page of pages) {
    await print(
      page.map((ban) =>
        csvLine(CSV_HEAD.map((field) => printable(ban[field] ?? ""))),
      ),
    );
  }
}

const CSV_HEAD = [
  "range",
  "feed",
  "mode",
  "expires",
  "reason",
  "held",
] as const;

/** Returns the last one, and how many there were. */
async function printTable(
  pages: AsyncIterable<readonly BanView[]>,
): Promise<{ readonly last: BanView | undefined; readonly count: number }> {
  let count = 0;
  let lineOf: ReturnType<typeof columns> | undefined;
  let last: BanView | undefined;
  for await (const page of pages) {
    const rows = page.map(rowOf);
    const lines: string[] = [];
    if (lineOf === undefined) {
      lineOf = columns(HEAD, rows);
      lines.push(lineOf(HEAD));
    }
    lines.push(...rows.map(lineOf));
    await print(lines);
    last = page.at(-1);
    count += page.length;
  }
  if (last === undefined) await print(["none"]);
  return { last, count };
}

const HEAD = ["range", "feed", "mode", "until", "reason", "held by"];

const rowOf = (ban: BanView): readonly string[] => [
  ...[ban.range, ban.feed, ban.mode],
  ban.expires === null ? "for good" : shortMoment(ban.expires),
  printable(ban.reason),
  ban.held === null ? "" : ruleText(ban.held, ban.begins),
];

/** A list that was cut says so. */
async function tellOfMore(
  socket: string,
  { most, ...query }: BansQuery,
  last: BanView,
): Promise<void> {
  const next = `/v1/bans?${queryOf(query, { limit: 1, last })}`;
  const more = (await askAgent(socket, next)) as readonly BanView[];
  if (more.length === 0) return;
  if (query.reason !== undefined) {
    return print(["", "there may be more; --limit N for more, --json for all"]);
  }
  const rest = "--limit N for more, --json for all";
  if (query.range !== undefined) {
    return print(["", `the first ${numberText(most)}; ${rest}`]);
  }
  const path = `/v1/bans/count?${queryOf(query, {})}`;
  const { bans } = (await askAgent(socket, path)) as { bans: number };
  await print(["", `${numberText(most)} of ${numberText(bans)}; ${rest}`]);
}

/** Waits for a reader that is slow. */
async function print(lines: readonly string[]): Promise<void> {
  const { stdout } = process;
  if (lines.length === 0) return;
  if (stdout.write(`${lines.join("\n")}\n`) || stdout.destroyed) return;
  // What goes wrong with it is told elsewhere, and once.
  await Promise.race([once(stdout, "drain"), once(stdout, "close")]).catch(
    () => undefined,
  );
}
