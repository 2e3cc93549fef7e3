import type { Command } from "commander";
import { misused } from "../../../agent/text/failure.js";
import { askAgent, orderAgent } from "../../control/client.js";
import { LONGEST_BAN_S } from "../../control/order-limits.js";
import type {
  BannedView,
  LiftedView,
  ReleaseView,
} from "../../control/order-views.js";
import type { ReleasedView } from "../../control/history-view.js";
import { secondsOf } from "../../terminal/duration.js";
import { answerBanned, answerLifted, answerReleased } from "../order-text.js";
import { endRelease, releasesText } from "./release.js";

/** `tourniquet ban`, `lift` and `allow`: what this host decides itself. */
export function ownBanCommands(program: Command, socket: () => string): void {
  program
    .command("ban <range>")
    .description("ban an address or range on this host alone, for a while")
    .option("--for <time>", "15m, 24h, 365d at most", "4h")
    .option("--reason <text>", "why", "by hand")
    .option("--replace", "also where this host bans it for longer already")
    .option("--json", "print one JSON object")
    .action(async (range: string, options: BanOptions) => {
      const { reason, replace = false, json } = options;
      const seconds = secondsOf("--for", options.for, LONGEST_BAN_S);
      const order = { range, seconds, reason, replace };
      const answer = await orderAgent(socket(), "/v1/ban", order);
      say(json ? JSON.stringify(answer) : answerBanned(answer as BannedView));
    });
  program
    .command("lift <range>")
    .description("take back this host's own ban on exactly this range")
    .option("--json", "print one JSON object")
    .action(async (range: string, { json }: Printed) => {
      const answer = await orderAgent(socket(), "/v1/lift", { range });
      const { text, failure } = answerLifted(answer as LiftedView);
      if (json) say(JSON.stringify(answer));
      else if (text !== "") say(text);
      if (failure !== undefined) throw failure;
    });
  allowCommand(program, socket);
}

interface Printed {
  readonly json?: boolean;
}

interface BanOptions extends Printed {
  readonly for: string;
  readonly reason: string;
  readonly replace?: boolean;
}

function allowCommand(program: Command, socket: () => string): void {
  program
    .command("allow [range]")
    .description("let no ban touch an address or range on this host, for good")
    .option("--reason <text>", "why", "")
    .option("--wide", "mean it: a range wider than /8, or than /16 of IPv6")
    .option("--undo", "let bans touch exactly this range again")
    .option("--list", "list what is allowed")
    .option("--json", "print one JSON object a line")
    .action(async (range: string | undefined, options: AllowOptions) => {
      if (options.list) return list(socket(), options);
      if (range === undefined) {
        throw misused("allow needs an address or range, or --list");
      }
      if (options.undo) return endRelease(socket(), range, options);
      const { reason, wide = false, json } = options;
      const order = { range, reason, wide };
      const answer = await orderAgent(socket(), "/v1/allow", order);
      say(
        json ? JSON.stringify(answer) : answerReleased(answer as ReleaseView),
      );
    });
}

interface AllowOptions extends Printed {
  readonly reason: string;
  readonly wide?: boolean;
  readonly undo?: boolean;
  readonly list?: boolean;
}

async function list(socket: string, { json }: Printed): Promise<void> {
  const all = await askAgent(socket, "/v1/releases");
  const allowed = (all as readonly ReleasedView[]).filter(
    ({ until }) => until === null,
  );
  if (!json) say(releasesText(allowed));
  else for (const each of allowed) say(JSON.stringify(each));
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
