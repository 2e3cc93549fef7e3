import { Option, type Command } from "commander";
import type * as v from "valibot";
import type { AttackersPage } from "../api/routes/attacker-shapes.js";
import { ATTACKERS } from "../query/lists/attackers.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { queryIn, someOf, takesQuery, toldQuery } from "./query-argument.js";
import { table, toldPage } from "./tables.js";
import { grouped, momentOf, untilText, wholeNumber } from "./words.js";

interface Options {
  readonly limit: string;
  readonly by: string;
  readonly sort: string;
  readonly org?: string;
  readonly json?: true;
  readonly explain?: true;
}

type AttackerItem = v.InferOutput<typeof AttackersPage>["items"][number];

/** attackers. */
export function addAttackers(program: Command, io: Io): void {
  takesQuery(program.command("attackers"), ATTACKERS)
    .description("list who attacked, one by one or by what they share")
    .addOption(
      new Option("--by <what>", "what they share")
        .choices(["address", "net", "country", "org"])
        .default("address"),
    )
    .addOption(
      new Option("--sort <order>", "the newest, or the most, first")
        .choices(["last", "failures", "packets", "attackers"])
        .default("last"),
    )
    .option("--org <id>", "what this org's hosts saw alone")
    .option("--limit <count>", "the first", "50")
    .option("--json", JSON_HELP)
    .addHelpText("after", EXAMPLES)
    .action(async (words: string[], _, command: Command) => {
      const { limit, json, explain, ...options } =
        command.optsWithGlobals<Options>();
      const q = queryIn(words, ATTACKERS);
      if (explain) {
        toldQuery(io, q, ATTACKERS);
        return;
      }
      const { by, sort, org } = options;
      const page = await someOf<AttackerItem>(
        ...([clientOf(command), "/attackers", { by, sort, org, q }] as const),
        ...[wholeNumber(limit), MOST_ON_A_PAGE],
      );
      if (json) jsonLines(io, page.items);
      else if (page.items.length === 0) io.out("no attacker is like that");
      else toldPage(io, page, (all) => table(headOf(by), all.map(rowBy(by))));
    });
}

const EXAMPLES = `
Examples:
  $ tourniquet-cloud attackers 'orgs:>1 not banned:yes last:<1h'
  $ tourniquet-cloud attackers --by country --sort failures`;

/** What the API brings at most: bans and hosts are looked up for each. */
const MOST_ON_A_PAGE = 500;

const headOf = (by: string): readonly string[] => [
  ...(by === "address" ? ["attacker", "country"] : [by, "attackers"]),
  ...["orgs", "hosts", "failures", "packets", "last seen"],
  ...(by === "address" ? ["banned"] : []),
];

const rowBy =
  (by: string) =>
  (each: AttackerItem): readonly string[] => [
    each.name ?? "unknown",
    by === "address" ? (each.country ?? "") : grouped(each.attackers),
    ...[each.orgCount, each.hosts].map((count) =>
      count === null ? "" : grouped(count),
    ),
    ...[grouped(each.failures), grouped(each.packets)],
    momentOf(each.lastSeen),
    ...(by === "address" ? [bannedText(each)] : []),
  ];

function bannedText({ banned }: AttackerItem): string {
  if (banned === null) return "no";
  const { feed, until, observed } = banned;
  const what = observed ? "counted" : "banned";
  return `${what} in ${feed} ${untilText(until)}`;
}
