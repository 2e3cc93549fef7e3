import { once } from "node:events";
import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import type { UnkeptCount } from "../../../agent/ledger/held.js";
import { printable } from "../../../agent/log/printable.js";
import { csvLine } from "../../../agent/text/csv.js";
import { numberText } from "../../../agent/text/count.js";
import { misused } from "../../../agent/text/failure.js";
import { timeText } from "../../../agent/text/time.js";
import { askAgent } from "../../control/client.js";
import type { BanView } from "../../control/list-views.js";
import { ruleText } from "../../terminal/rule-text.js";
import { columns } from "../../terminal/table.js";

interface BansOptions {
  readonly held?: boolean;
  readonly feed?: string;
  readonly limit?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
  /** Only those whose reason has it in it, whatever the case. */
  readonly reason?: string;
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
    .option("--json", "print one JSON object a line")
    .option("--csv", "print comma-separated values, a line each")
    .action(async (range: string | undefined, options: BansOptions) => {
      const query = { ...options, range, most: mostOf(options) };
      const { controlSocket } = config();
      const pages = chosenOf(controlSocket, query, readerLeft);
      if (options.json) return printJson(pages);
      if (options.csv) return printCsv(pages);
      const { last, count } = await printTable(pages);
      if (last !== undefined && count >= query.most) {
        await tellOfMore(controlSocket, query, last);
      }
      await print(await beyond(config(), options));
    });
}

interface BansQuery extends BansOptions {
  readonly range: string | undefined;
  readonly most: number;
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

function mostOf({ limit, json, csv }: BansOptions): number {
  if (limit === undefined) return json || csv ? Infinity : DEFAULT_LIMIT;
  const wanted = Number(limit);
  if (Number.isInteger(wanted) && wanted >= 1) return wanted;
  throw misused(`--limit "${limit}" is not a number from 1 up`);
}

/** The same of those alone whose reason is asked for, which only a look tells. */
async function* chosenOf(
  socket: string,
  query: BansQuery,
  readerLeft: AbortSignal,
): AsyncGenerator<readonly BanView[], void> {
  const { reason, most } = query;
  if (reason === undefined) return yield* pagesOf(socket, query, readerLeft);
  const wanted = reason.toLowerCase();
  let left = most;
  const all = pagesOf(socket, { ...query, most: Infinity }, readerLeft);
  for await (const page of all) {
    const found = page
      .filter((ban) => ban.reason.toLowerCase().includes(wanted))
      .slice(0, left);
    left -= found.length;
    if (found.length > 0) yield found;
    if (left <= 0) return;
  }
}

/**
 * Page by page, so that neither side ever holds all of them; while one is
 * printed, the agent is at work on the next.
 */
async function* pagesOf(
  socket: string,
  { most, ...query }: BansQuery,
  readerLeft: AbortSignal,
): AsyncGenerator<readonly BanView[], void> {
  const ask = (limit: number, last?: BanView) => {
    const path = `/v1/bans?${queryOf(query, { limit, last })}`;
    const page = askAgent(socket, path) as Promise<readonly BanView[]>;
    page.catch(() => undefined); // told once it is awaited
    return page;
  };
  let left = most;
  let size = Math.min(FIRST_PAGE, left); // sooner there than a whole page
  for (let coming = ask(size); ;) {
    const page = await coming;
    left -= page.length;
    const isLast = page.length < size || left <= 0 || readerLeft.aborted;
    size = Math.min(PAGE, left);
    if (!isLast) coming = ask(size, page.at(-1));
    if (page.length > 0) yield page;
    if (isLast) return;
  }
}

function queryOf(
  { held, feed, range }: Omit<BansQuery, "most">,
  {
    limit,
    last,
  }: { readonly limit?: number; readonly last?: BanView | undefined },
): string {
  const query = new URLSearchParams();
  if (limit !== undefined) query.set("limit", String(limit));
  if (held) query.set("held", "");
  if (feed !== undefined) query.set("feed", feed);
  if (range !== undefined) query.set("range", range);
  if (last) query.set("after", `${last.feed} ${last.range}`);
  return query.toString();
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
  ban.expires === null ? "for good" : timeText(ban.expires),
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

const FIRST_PAGE = 100;

/** As many as the agent hands out at once. */
const PAGE = 1_000;
