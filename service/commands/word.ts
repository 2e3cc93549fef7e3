import type { Command } from "commander";
import type { Config } from "../../agent/config/config.js";
import { printable } from "../../agent/log/printable.js";
import type { RolledBack } from "../../agent/ledger/rollback.js";
import type { WentBack } from "../../agent/word.js";
import { askAgent, orderAgent } from "../control-client.js";
import { secondsOf } from "../duration.js";
import { failed, misused } from "../failure.js";
import { LONGEST_PAUSE_S, LONGEST_RELEASE_S } from "../orders.js";
import { table } from "../table.js";
import type { HistoryView, OrderView, ReleaseView } from "../word-view.js";

/** The last word of this host's operator: pause, release, rollback, history. */
export function wordCommands(program: Command, config: () => Config): void {
  const socket = () => config().controlSocket;
  pauseCommand(program, socket);
  releaseCommand(program, socket);
  rollbackCommand(program, socket);
  confirmCommand(program, socket);
  historyCommand(program, socket);
}

function pauseCommand(program: Command, socket: () => string): void {
  program
    .command("pause")
    .description("observe for a while, then enforce again by itself")
    .option("--for <time>", "90s, 15m, 24h at most", "15m")
    .action(async (options: { for: string }) => {
      const seconds = secondsOf("--for", options.for, LONGEST_PAUSE_S);
      const order = orderAgent(socket(), "/v1/pause", { seconds });
      const { until } = (await order) as { until: string };
      say(
        `PAUSED until ${until}: nothing is dropped; end it: tourniquet enforce`,
      );
    });
}

interface ReleaseOptions {
  readonly for: string;
  readonly reason: string;
  readonly list?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

function releaseCommand(program: Command, socket: () => string): void {
  program
    .command("release [range]")
    .description(
      "let no ban touch an address or range on this host for a while",
    )
    .option("--for <time>", "15m, 24h, 30d at most", "24h")
    .option("--reason <text>", "why", "")
    .option("--undo", "end the release of exactly this range")
    .option("--list", "list what is released")
    .option("--json", "with --list: print one JSON object a line")
    .action(async (range: string | undefined, options: ReleaseOptions) => {
      if (options.list) return say(await listed(socket(), options));
      if (range === undefined) {
        throw misused("release needs an address or range, or --list");
      }
      return say(await released(socket(), range, options));
    });
}

async function released(
  socket: string,
  range: string,
  { undo, reason, for: time }: ReleaseOptions,
): Promise<string> {
  if (undo) {
    const order = orderAgent(socket, "/v1/release/undo", { range });
    const { done } = (await order) as { done: boolean };
    if (!done) throw failed(`${range} is not released`);
    return `${range} is released no longer; its bans are coming back`;
  }
  const seconds = secondsOf("--for", time, LONGEST_RELEASE_S);
  await orderAgent(socket, "/v1/release", { range, seconds, reason });
  return `${range} is released for ${time}: no ban touches it`;
}

async function listed(
  socket: string,
  { json }: ReleaseOptions,
): Promise<string> {
  const releases = (await askAgent(
    socket,
    "/v1/releases",
  )) as readonly ReleaseView[];
  if (json) return releases.map((each) => JSON.stringify(each)).join("\n");
  if (releases.length === 0) return "none";
  return table(
    ["range", "since", "until", "reason"],
    releases.map((each) => [
      ...[each.range, each.since, each.until, printable(each.reason)],
    ]),
  );
}

function rollbackCommand(program: Command, socket: () => string): void {
  program
    .command("rollback [revision]")
    .description(
      "make an earlier ruleset the present one; by default that before the newest change",
    )
    .option("--undo", "let feeds have their say again")
    .action(async (text: string | undefined, { undo }: { undo?: boolean }) => {
      if (undo) {
        const order = orderAgent(socket(), "/v1/rollback/undo", {});
        const { withheld } = (await order) as RolledBack;
        return say(`${withheld} ranges are withheld no longer`);
      }
      const revision = text === undefined ? {} : { revision: Number(text) };
      if (text !== undefined && !/^\d{1,15}$/.test(text)) {
        throw misused(`"${text}" is not a revision (see: tourniquet history)`);
      }
      const order = orderAgent(socket(), "/v1/rollback", revision);
      const { to, withheld, putBack } = (await order) as WentBack;
      return say(
        `the ruleset of revision ${to} is in force: ${withheld} ranges withheld, ${putBack} put back; undo: tourniquet rollback --undo`,
      );
    });
}

function confirmCommand(program: Command, socket: () => string): void {
  program
    .command("confirm [range]")
    .description(
      "enforce what was taken back since this host was not seen to live on with it (bans --held: not-confirmed)",
    )
    .action(async (range: string | undefined) => {
      const what = range === undefined ? {} : { range };
      const order = orderAgent(socket(), "/v1/confirm", what);
      const { confirmed } = (await order) as { confirmed: number };
      if (range !== undefined && confirmed === 0) {
        throw failed(`no ban on ${range} is held as not-confirmed`);
      }
      return say(`${confirmed} bans are in force, and are not tried again`);
    });
}

interface HistoryOptions {
  readonly limit: string;
  readonly orders?: boolean;
  readonly json?: boolean;
}

function historyCommand(program: Command, socket: () => string): void {
  program
    .command("history")
    .description("list changes that can be rolled back, newest first")
    .option("--orders", "list who ordered what at this host instead")
    .option("--limit <n>", "at most so many", "20")
    .option("--json", "print one JSON object")
    .action(async ({ limit, orders, json }: HistoryOptions) => {
      const query = new URLSearchParams({ limit }).toString();
      const path = orders ? "/v1/orders" : "/v1/history";
      const answer = await askAgent(socket(), `${path}?${query}`);
      if (json) return say(JSON.stringify(answer));
      return say(
        orders
          ? ordersTable(answer as readonly OrderView[])
          : historyText(answer as HistoryView),
      );
    });
}

function historyText({ from, last, revisions }: HistoryView): string {
  const back = last === null ? "nothing" : `revision ${last}`;
  const rows = revisions.map(({ revision, at, target, ...each }) => [
    ...[String(revision), at],
    target === null ? each.cause : `${each.cause} to ${target}`,
    each.feed ?? "",
    ...[each.changed, each.counts?.banned, each.counts?.lifted].map(number),
  ]);
  const head = ["revision", "at", "by", "feed", "changed", "banned", "lifted"];
  return `kept from revision ${from}; tourniquet rollback goes back to ${back}\n\n${table(head, rows)}`;
}

const ordersTable = (orders: readonly OrderView[]): string =>
  orders.length === 0
    ? "none"
    : table(
        ["at", "who", "what"],
        orders.map(({ at, who, what }) => [at, who, printable(what)]),
      );

const number = (value: number | undefined): string => String(value ?? "");

const say = (text: string): void => void process.stdout.write(`${text}\n`);
