import type { Command } from "commander";
import { printable } from "../../../agent/log/printable.js";
import { failed, misused } from "../../../agent/text/failure.js";
import { askAgent, orderAgent } from "../../control/client.js";
import type { ReleasedView } from "../../control/history-view.js";
import type {
  EndedReleaseView,
  ReleaseView,
} from "../../control/order-views.js";
import { LONGEST_RELEASE_S } from "../../control/order-limits.js";
import { secondsOf } from "../../terminal/duration.js";
import { table } from "../../terminal/table.js";
import { answerEnded, answerReleased } from "../order-text.js";
import { shortMoment } from "../../terminal/when.js";

/** `tourniquet release`: ranges that no ban may touch on this host. */
export function releaseCommand(program: Command, socket: () => string): void {
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

interface ReleaseOptions {
  readonly for: string;
  readonly reason: string;
  readonly wide?: boolean;
  readonly list?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
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

export async function endRelease(
  socket: string,
  range: string,
  { json }: Pick<ReleaseOptions, "json">,
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
  say(releasesText(releases));
}

/** What no ban may touch here. */
export function releasesText(releases: readonly ReleasedView[]): string {
  if (releases.length === 0) return "none";
  const rows = releases.map((each) => [
    ...[each.range, shortMoment(each.since)],
    each.until === null ? "for good" : shortMoment(each.until),
    printable(each.reason),
  ]);
  return table(["range", "since", "until", "reason"], rows);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
