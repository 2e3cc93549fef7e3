import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { printable } from "../../../agent/log/printable.js";
import { failed, misused } from "../../../agent/text/failure.js";
import { timeText } from "../../../agent/text/time.js";
import { askAgent, orderAgent } from "../../control/client.js";
import type { ReleasedView } from "../../control/history-view.js";
import type {
  EndedReleaseView,
  ReleaseView,
} from "../../control/order-views.js";
import { LONGEST_PAUSE_S, LONGEST_RELEASE_S } from "../../control/orders.js";
import { secondsOf } from "../../terminal/duration.js";
import { table } from "../../terminal/table.js";
import { answerConfirmed, answerEnded, answerReleased } from "../order-text.js";
import { historyCommand } from "./history.js";
import { rollbackCommand } from "./rollback.js";

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
        `PAUSED until ${timeText(until)}: nothing is dropped; end it: tourniquet enforce`,
      );
    });
}

interface ReleaseOptions {
  readonly for: string;
  readonly reason: string;
  readonly wide?: boolean;
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
    .option("--wide", "mean it: a range wider than /8, or than /16 of IPv6")
    .option("--undo", "end the release of exactly this range")
    .option("--list", "list what is released")
    .option("--json", "print one JSON object a line")
    .action(async (range: string | undefined, options: ReleaseOptions) => {
      if (options.list) return list(socket(), options);
      if (range === undefined) {
        throw misused("release needs an address or range, or --list");
      }
      const act = options.undo ? endRelease : release;
      return act(socket(), range, options);
    });
}

async function release(
  socket: string,
  range: string,
  { reason, wide = false, json, for: time }: ReleaseOptions,
): Promise<void> {
  const seconds = secondsOf("--for", time, LONGEST_RELEASE_S);
  const order = { range, seconds, reason, ...(wide && { wide }) };
  const answer = await orderAgent(socket, "/v1/release", order);
  say(json ? JSON.stringify(answer) : answerReleased(answer as ReleaseView));
}

async function endRelease(
  socket: string,
  range: string,
  { json }: ReleaseOptions,
): Promise<void> {
  const order = orderAgent(socket, "/v1/release/undo", { range });
  const answer = (await order) as EndedReleaseView;
  if (json) say(JSON.stringify(answer));
  if (!answer.done) throw failed(`${range} is not released: nothing changed`);
  if (!json) say(answerEnded(answer));
}

async function list(socket: string, { json }: ReleaseOptions): Promise<void> {
  const releases = (await askAgent(
    socket,
    "/v1/releases",
  )) as readonly ReleasedView[];
  if (json) {
    for (const each of releases) say(JSON.stringify(each));
    return;
  }
  if (releases.length === 0) {
    say("none");
    return;
  }
  const rows = releases.map((each) => [
    ...[each.range, timeText(each.since), timeText(each.until)],
    printable(each.reason),
  ]);
  say(table(["range", "since", "until", "reason"], rows));
}

function confirmCommand(program: Command, socket: () => string): void {
  program
    .command("confirm [range]")
    .description(
      "enforce what was taken back since this host was not seen to live on with it (bans --held: not-confirmed)",
    )
    .option("--json", "print one JSON object")
    .action(async (range: string | undefined, { json }: { json?: boolean }) => {
      const what = range === undefined ? {} : { range };
      const order = orderAgent(socket(), "/v1/confirm", what);
      const answer = (await order) as Parameters<typeof answerConfirmed>[0];
      if (json) say(JSON.stringify(answer));
      const { text, failure } = answerConfirmed(answer, range);
      if (text !== undefined && !json) say(text);
      if (failure !== undefined) throw failure;
    });
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
