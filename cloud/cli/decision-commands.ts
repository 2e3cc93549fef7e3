import type { Command } from "commander";
import { ban, lift } from "./ask-bans.js";
import { clientOf } from "./client.js";
import { checkImpact, checkImpactOption } from "./impact-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { giveOrderOutput } from "./order-output.js";
import { GLASS_HELP, carriedOut } from "./told-waits.js";
import { toldBan } from "./told-bans.js";
import { toldLift } from "./told-lifts.js";
import { addUndoCommand } from "./undo-command.js";
import { WAIT_HELP, waitMsOf, waitOf } from "./wait.js";
import { FEEDS_HELP, feedHelp } from "./words.js";

interface OrderOptions {
  readonly dir: string;
  readonly feed?: string;
  readonly for: string;
  readonly reason: string;
  readonly observe?: true;
  readonly replace?: true;
  /** False: no ring waits for another. */
  readonly rings?: string | false;
  readonly allFeeds?: true;
  readonly within?: true;
  readonly dryRun?: true;
  readonly breakGlass?: string;
  readonly wait?: true | number;
  readonly json?: true;
  readonly checkImpact?: number;
}

/** ban, lift, undo. */
export function addDecisionCommands(program: Command, io: Io): void {
  addBan(program, io);
  addLift(program, io);
  addUndoCommand(program, io);
}

function addBan(program: Command, io: Io): void {
  program
    .command("ban")
    .description("ban addresses or ranges")
    .argument("<range...>", 'such as "203.0.113.7" or "2001:db8::/32"')
    .option("--feed <name>", feedHelp("urgent"))
    .option("--for <duration>", TERM_HELP, "4h")
    .option("--reason <text>", "for whoever asks later", "")
    .option("--observe", OBSERVE_HELP)
    .option("--replace", "even where a ban lasts longer, or drops already")
    .option("--rings <durations>", RINGS_HELP)
    .option("--no-rings", NO_RINGS_HELP)
    .option("--dry-run", "say what it would do, and do nothing")
    .option("--break-glass <why>", GLASS_HELP)
    .option("--wait [time]", WAIT_HELP, waitMsOf)
    .option("--json", JSON_HELP)
    .addOption(checkImpactOption())
    .addHelpText("after", BAN_HELP)
    .action(async (ranges: string[], _, command: Command) => {
      const options = command.optsWithGlobals<OrderOptions>();
      const { feed, reason, json } = options;
      const { observe = false, replace = false, dryRun = false } = options;
      const client = clientOf(command);
      if (options.checkImpact !== undefined) {
        await checkImpact(client, { ranges, feed }, options.checkImpact, io);
      }
      const order = { ranges, feed, for: options.for, reason };
      const { rings: said, breakGlass } = options;
      const rings = said === false ? undefined : said;
      const turns = { rings, noRings: said === false };
      const manner = { observe, replace, ...turns, dryRun, breakGlass };
      const answered = await ban(client, { ...order, ...manner });
      const answer = carriedOut(answered, io, json);
      const told = toldBan(answer, observe);
      const output = { json, waitMs: waitOf(options.wait) };
      const made = [answer.decision ?? []].flat();
      await giveOrderOutput(answer, made, told, {
        client,
        io,
        options: output,
      });
    });
}

const BAN_HELP = `
Examples:
  $ tourniquet-cloud ban 203.0.113.7 --reason "ssh brute force"
  $ tourniquet-cloud ban 198.51.100.0/24 2001:db8::/32 --for 7d --wait
  $ tourniquet-cloud ban 198.51.100.0/24 --check-impact 10
  $ tourniquet-cloud ban 192.0.2.0/24 --observe --reason "would this hit anybody?"
  $ tourniquet-cloud ban 192.0.2.0/24 --for 7d --rings 10m,1h,6h

A ban is neither shortened nor weakened unless you say --replace. Banning again
without --observe enforces what was only observed.

Exit code: 0 done as ordered, 3 in part, 1 nothing changed, 2 wrongly asked, 4 it
waits for a second person. With
--wait: 0 all hosts that follow the feed carry it out, 3 some of them, 1 none.
${FEEDS_HELP}`;

function addLift(program: Command, io: Io): void {
  program
    .command("lift")
    .description("lift bans before they expire")
    .argument("<range...>")
    .option("--feed <name>", feedHelp("urgent"))
    .option("--all-feeds", "in whichever feed the range is banned")
    .option("--within", "also bans that lie in the range")
    .option("--reason <text>", "for whoever asks later", "")
    .option("--dry-run", "say what it would do, and do nothing")
    .option("--break-glass <why>", GLASS_HELP)
    .option("--wait [time]", WAIT_HELP, waitMsOf)
    .option("--json", JSON_HELP)
    .addHelpText("after", LIFT_HELP)
    .action(async (ranges: string[], _, command: Command) => {
      const options = command.optsWithGlobals<OrderOptions>();
      const { feed, reason, json } = options;
      const { allFeeds = false, within = false, dryRun = false } = options;
      const client = clientOf(command);
      const { breakGlass } = options;
      const order = { ranges, feed, reason, allFeeds, within, dryRun };
      const answered = await lift(client, { ...order, breakGlass });
      const answer = carriedOut(answered, io, json);
      const output = { json, waitMs: waitOf(options.wait) };
      const made = answer.decisions.map(({ decision }) => decision);
      await giveOrderOutput(answer, made, toldLift(answer), {
        ...{ client, io, options: output },
      });
    });
}

const LIFT_HELP = `
Examples:
  $ tourniquet-cloud lift 203.0.113.7
  $ tourniquet-cloud lift 203.0.113.7 --all-feeds
  $ tourniquet-cloud lift 203.0.113.0/24 --within --dry-run

A lift takes back the bans on exactly this range. What bans it all the same is
said: a wider ban, bans in it, another feed.

Exit code: 0 none of the ranges is banned any more, 3 that holds of some, 1 nothing
was lifted, 2 wrongly asked, 4 it waits for a second person.
${FEEDS_HELP}`;

export const TERM_HELP =
  "30s, 15m, 4h, 7d or permanent; hosts hold what lasts longer than they let a ban last (365d)";

const RINGS_HELP =
  "begin on 1 % of all hosts; how long the next 9 %, 40 % and the rest wait, each for the ones before";

export const NO_RINGS_HELP =
  "all hosts at once, however large it is: an approver's";

export const OBSERVE_HELP = "only count and report their packets, drop nothing";
