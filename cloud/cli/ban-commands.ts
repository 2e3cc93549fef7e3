import type { Command } from "commander";
import { bansOf, type BanItem } from "./ask-bans.js";
import {
  decisionOf,
  type DecisionItem,
  type DecisionTold,
} from "./ask-decisions.js";
import { tableOfBans } from "./bans-csv.js";
import { BANS } from "../query/lists/bans.js";
import { clientOf, type Client } from "./client.js";
import { VENDOR } from "./decisions-command.js";
import { percent } from "./told-rules.js";
import { addCoverageCommand } from "./coverage-command.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import type { Query } from "./pages.js";
import { queryIn, takesQuery, toldQuery } from "./query-argument.js";
import { table } from "./tables.js";
import { shareText } from "./told-coverage.js";
import { toldHosts } from "./told-hosts.js";
import { addWatchCommand } from "./watch-command.js";
import { addWhyCommand } from "./why-command.js";
import { undoneLine } from "./told-undo.js";
import {
  FEEDS_HELP,
  counted,
  cutText,
  momentOf,
  untilText,
  wholeNumber,
} from "./words.js";

interface BansOptions {
  readonly dir: string;
  readonly feed?: string;
  readonly limit: string;
  readonly json?: true;
  readonly csv?: true;
  readonly explain?: true;
}

/** bans, decision, coverage, why, watch. */
export function addBanCommands(program: Command, io: Io): void {
  takesQuery(program.command("bans"), BANS)
    .description(
      "list what is banned: all, what bans a range and is in it, or what a query asks for",
    )
    .option("--feed <name>", "only of urgent, reputation or org/<id>")
    .option("--limit <count>", "so many, by feed and width", "50")
    .option("--json", `${JSON_HELP}; all of them unless you limit it`)
    .option("--csv", "print all of them as a table for spreadsheets")
    .addHelpText("after", BANS_HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<BansOptions>();
      const { feed, limit, json, csv, explain } = options;
      const range = rangeAlone(words);
      const q = range === undefined ? queryIn(words, BANS) : undefined;
      if (explain) {
        toldQuery(io, range === undefined ? q : `range:${range}`, BANS);
        return;
      }
      const client = clientOf(command);
      if (csv) {
        await tableOfBans(client, { range, feed, q }, (line) => io.out(line));
        return;
      }
      const isLimited = command.getOptionValueSource("limit") === "cli";
      const most = json && !isLimited ? Infinity : wholeNumber(limit);
      // A million rows are not looked up on all hosts.
      const query = { range, feed, q, coverage: json ? undefined : "true" };
      const rows: BanItem[] = [];
      const found = await eachBan(client, query, most, (ban) => {
        if (json) io.out(JSON.stringify(ban));
        else rows.push(ban);
      });
      if (json) return;
      if (found.total === 0) {
        io.out(nothingText(range, q, feed));
        return;
      }
      io.out(table(BAN_HEAD, rows.map(banRow)));
      const cut = cutText(rows.length, found.total);
      if (cut !== undefined) io.out(cut);
    });
  addDecision(program, io);
  addCoverageCommand(program, io);
  addWhyCommand(program, io);
  addWatchCommand(program, io);
}

/** One word that is a range: asked for as it always was. */
const rangeAlone = (words: readonly string[]): string | undefined =>
  words.length === 1 && /^[\da-f.:]+(\/\d+)?$/i.test(words[0] ?? "")
    ? words[0]
    : undefined;

const BANS_HELP = `
Examples:
  $ tourniquet-cloud bans 203.0.113.7
  $ tourniquet-cloud bans 198.51.100.0/24 --feed reputation
  $ tourniquet-cloud bans "until:<1h" reason:ssh
  $ tourniquet-cloud bans --json | wc -l
  $ tourniquet-cloud bans org:example --csv > example.csv

"holding" counts the hosts that hold its decision, of those that must. Host by
host it is told by: tourniquet-cloud coverage ID
${FEEDS_HELP}`;

const nothingText = (range?: string, q?: string, feed = "any feed"): string => {
  if (q !== undefined) return `no ban in ${feed} is like that`;
  return range === undefined
    ? `nothing is banned in ${feed}`
    : `${range} is not banned in ${feed}, nor is anything in it`;
};

/** Asks page by page; a million are never held at once. */
async function eachBan(
  client: Client,
  query: Query,
  most: number,
  take: (ban: BanItem) => void,
): Promise<{ readonly total: number }> {
  let left = most;
  let cursor: string | undefined;
  let total: number | undefined;
  do {
    const limit = String(Math.min(left, PAGE));
    const page = await bansOf(client, { ...query, limit, cursor });
    total ??= page.total;
    for (const ban of page.items) take(ban);
    left -= page.items.length;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && left > 0);
  return { total };
}

/** What one answer brings at most. */
const PAGE = 10_000;

const BAN_HEAD = [
  ...["range", "feed", "until", "mode", "holding"],
  ...["decision", "reason"],
];

const banRow = (ban: BanItem): readonly string[] => [
  ...[ban.range, ban.feed, untilText(ban.until).replace("until ", "")],
  ...[modeText(ban), ban.coverage ? shareText(ban.coverage) : ""],
  ...[ban.decision, ban.reason],
];

/** Of a ban in rings, since when the last of them enforces it as well. */
const modeText = ({ observed, rings }: BanItem): string =>
  (observed ? "observe" : "enforce") +
  (rings === null ? "" : `, all by ${momentOf(rings.all)}`);

function addDecision(program: Command, io: Io): void {
  program
    .command("decision")
    .description("what a decision was, and what became of it on each host")
    .argument("<id>", "as ban and decisions name it")
    .option("--json", JSON_HELP)
    .action(async (id: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<BansOptions>();
      const answer = await decisionOf(clientOf(command), id);
      if (json) {
        io.out(JSON.stringify(answer));
        return;
      }
      for (const line of linesOf(answer.decision)) io.out(line);
      if (answer.undoes !== null) io.out(`it undoes ${answer.undoes}`);
      for (const each of answer.undone) io.out(undoneLine(each));
      const seen = answer.detections;
      if (seen.length > 0)
        io.out(table(DETECTION_HEAD, seen.map(detectionRow)));
      const { out, failure } = toldHosts(answer, Date.now());
      for (const line of out) io.out(line);
      if (failure !== undefined) io.out(failure.message);
    });
}

function linesOf(entry: DecisionItem): readonly string[] {
  const { decision, action, by, decidedAt, feed, reason, until } = entry;
  const verb = entry.observed ? "observe" : action;
  const named = entry.targets.join(", ");
  const unnamed = entry.ranges - entry.targets.length;
  const more =
    named === "" ? "" : ` and ${counted(unnamed, "more range", "more ranges")}`;
  const what =
    unnamed === 0 ? named : named + more || counted(entry.ranges, "range");
  return [
    `${decision}: ${verb} ${what} in ${feed}`,
    `by ${by ?? VENDOR}, ${momentOf(decidedAt)}${until === null ? "" : `, ${untilText(until)}`}`,
    ...(reason === "" ? [] : [`reason: ${reason}`]),
    ...sureLines(entry),
    ...(entry.evidence.length === 0
      ? []
      : ["decided on what these hosts saw:"]),
  ];
}

/** Of what a rule decided: how sure it was, and of which rules it is. */
function sureLines({ confidence, rules }: DecisionItem): readonly string[] {
  if (confidence === null) return [];
  const whose = rules === null ? "the built-in rules" : `version ${rules}`;
  return [`sure: ${percent(confidence)}, by ${whose}`];
}

const DETECTION_HEAD = ["when", "agent", "org", "sensor", "source", "failures"];

const detectionRow = (
  each: DecisionTold["detections"][number],
): readonly (string | number)[] => [
  ...[momentOf(each.time), each.agent, each.org],
  ...[each.sensor, each.source, each.count],
];
