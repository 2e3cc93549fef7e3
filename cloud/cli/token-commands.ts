import type { Command } from "commander";
import { misused } from "../../agent/text/failure.js";
import { timeText } from "../../agent/text/time.js";
import {
  makeToken,
  revokeToken,
  tokensOf,
  type TokenItem,
} from "./ask-orgs.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { jsonLines } from "./json.js";
import { table } from "./tables.js";
import { wholeNumber } from "./words.js";

interface Options {
  readonly org?: string;
  readonly expires: string;
  readonly label?: string;
  readonly mode?: string;
  readonly uses?: string;
  readonly tag?: readonly string[];
  readonly from?: readonly string[];
  readonly open?: true;
  readonly reason: string;
  readonly json?: true;
}

/** token, and its list and revoke. */
export function addTokenCommands(program: Command, io: Io): void {
  const token = program
    .command("token")
    .description(
      "make an enrolment token for one host or more; list or revoke them",
    )
    .option("--org <id>", "whose hosts they will be")
    .option("--expires <duration>", "30s, 15m, 4h or 7d; 366d at most", "24h")
    .option("--label <text>", "what it is for")
    .option(
      "--mode <mode>",
      "enforce or observe: what a host that is new begins with; it says so",
    )
    .option("--uses <n>", "how many hosts may come in by it; 1 unless you say")
    .option("--tag <tag...>", "what those hosts are called by in policies")
    .option("--from <range...>", "only hosts that come from these networks")
    .option("--json", "with its id and when it expires, as one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (_, command: Command) => {
      const { org, json, ...options } = command.optsWithGlobals<Options>();
      const { expires, label, mode, tag: tags, from: networks } = options;
      if (org === undefined) {
        throw misused("--org is needed: whose host will it be?");
      }
      const uses =
        options.uses === undefined
          ? undefined
          : wholeNumber(options.uses, "--uses");
      const hosts = { uses, tags, networks };
      const order = { org, expiresIn: expires, label, mode, ...hosts };
      const made = await makeToken(clientOf(command), order);
      io.out(json ? JSON.stringify(made) : made.token);
    });
  addList(token, io);
  addRevoke(token, io);
}

function addList(token: Command, io: Io): void {
  token
    .command("list")
    .description("list them without their secrets, the newest first")
    .option("--open", "only those by which a host may still come in")
    .addHelpText("after", "\n--org and --json are heard here, too.")
    .action(async (_, command: Command) => {
      const { org, open, json } = command.optsWithGlobals<Options>();
      const query = { org, open: open && "true", limit: "1000" };
      const found = await tokensOf(clientOf(command), query);
      if (json) jsonLines(io, found);
      else io.out(tableOf(found));
    });
}

function addRevoke(token: Command, io: Io): void {
  token
    .command("revoke")
    .description("let no host in by it any more; who came in stays")
    .argument("<token>", 'its id, as "token list" shows it')
    .option("--reason <text>", "why, for the record", "")
    .action(async (id: string, _, command: Command) => {
      const { reason, json } = command.optsWithGlobals<Options>();
      const was = await revokeToken(clientOf(command), id, reason);
      io.out(
        json ? JSON.stringify(was) : `${was.id} is revoked${cameText(was)}`,
      );
    });
}

const EXAMPLES = `
Examples:
  $ tourniquet-cloud token --org example --label "web server 3" > token.txt
  $ tourniquet-cloud token --org example --mode observe > token.txt
  $ tourniquet-cloud token --org example --uses 200 --tag web --from 198.51.100.0/24 > token.txt
  $ tourniquet-cloud token list --open
  $ tourniquet-cloud token revoke enr-586bbb7d6c639c72 --reason "sent to the wrong person"`;

function tableOf(found: readonly TokenItem[]): string {
  const now = Date.now();
  const rows = found.map((each) => [
    ...[each.id, each.org, each.label, each.mode ?? ""],
    ...[timeText(each.madeAt), each.madeBy, fateOf(each, now)],
  ]);
  const head = ["id", "org", "label", "mode", "made", "by", "state"];
  return table(head, rows);
}

/** Who came in by a token that lets nobody in any more. */
function cameText({ used, usedBy }: TokenItem): string {
  if (usedBy === null) return "";
  return used === 1
    ? `; ${usedBy} came in by it, and stays`
    : `; the ${used} hosts that came in by it stay`;
}

function fateOf(token: TokenItem, now: number): string {
  const { uses, used, usedBy, usedAt } = token;
  if (uses === 1 && usedBy !== null) {
    return `used by ${usedBy} ${timeText(usedAt ?? 0)}`;
  }
  const came = uses === 1 ? "" : `${used} of ${uses} came in, `;
  return used >= uses
    ? `${came}the last ${timeText(usedAt ?? 0)}`
    : came + endOf(token, now);
}

function endOf(
  { revokedAt, revokedBy, expiresAt }: TokenItem,
  now: number,
): string {
  if (revokedAt !== null) {
    return `revoked by ${revokedBy ?? ""} ${timeText(revokedAt)}`;
  }
  const isOver = Date.parse(expiresAt) <= now;
  return `${isOver ? "expired" : "open until"} ${timeText(expiresAt)}`;
}
