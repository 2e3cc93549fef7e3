import type { Command } from "commander";
import type { Config } from "../../agent/config/config.js";
import type { UnkeptCount } from "../../agent/ledger/held.js";
import { printable } from "../../agent/log/printable.js";
import { askAgent } from "../control-client.js";
import { misused } from "../failure.js";
import { table } from "../table.js";
import type { BanView } from "../views.js";

interface BansOptions {
  readonly held?: boolean;
  readonly feed?: string;
  readonly limit: string;
  readonly json?: boolean;
}

/** `tourniquet bans`: what is in force, or what was stopped. */
export function bansCommand(program: Command, config: () => Config): void {
  program
    .command("bans")
    .description("list bans, feed by feed")
    .option("--held", "only those that a guard stopped, and the rule")
    .option("--feed <name>", "only those of one feed")
    .option("--limit <n>", "at most so many", "50")
    .option("--json", "print one JSON object a line")
    .action(async (options: BansOptions) => {
      const bans = await collect(config().controlSocket, options);
      const text = options.json
        ? bans.map((ban) => JSON.stringify(ban)).join("\n")
        : [asTable(bans), ...(await beyond(config(), options))].join("\n");
      process.stdout.write(text === "" ? "" : `${text}\n`);
    });
}

async function collect(
  socketPath: string,
  { held, feed, limit }: BansOptions,
): Promise<readonly BanView[]> {
  const wanted = Number(limit);
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw misused(`--limit "${limit}" is not a number from 1 up`);
  }
  const bans: BanView[] = [];
  while (bans.length < wanted) {
    const size = Math.min(PAGE, wanted - bans.length);
    const query = new URLSearchParams({ limit: String(size) });
    if (held) query.set("held", "");
    if (feed !== undefined) query.set("feed", feed);
    const last = bans.at(-1);
    if (last) query.set("after", `${last.feed} ${last.range}`);
    const path = `/v1/bans?${query.toString()}`;
    const page = (await askAgent(socketPath, path)) as readonly BanView[];
    bans.push(...page);
    if (page.length < size) break;
  }
  return bans;
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

function asTable(bans: readonly BanView[]): string {
  if (bans.length === 0) return "none";
  return table(
    ["range", "feed", "mode", "until", "reason", "held by"],
    bans.map(({ range, feed, mode, expires, reason, held }) => [
      range,
      feed,
      mode,
      expires ?? "for ever",
      printable(reason),
      held ?? "",
    ]),
  );
}

/** As many as the agent hands out at once. */
const PAGE = 1_000;
