import { Argument, type Command } from "commander";
import { brokenGlassOf, reviewGlass, type GlassItem } from "./ask-glass.js";
import { clientOf } from "./client.js";
import { addContestCommands } from "./contest-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { table, toldPage } from "./tables.js";
import { counted, momentOf } from "./words.js";

interface Options {
  readonly all?: true;
  readonly limit: string;
  readonly json?: true;
  readonly reason: string;
}

/** break-glass list, break-glass review, and contest. */
export function addGlassCommands(program: Command, io: Io): void {
  addContestCommands(program, io);
  const glass = program
    .command("break-glass")
    .description("what one person did that takes two, and its review");

  glass
    .command("list")
    .description("list what nobody has reviewed yet")
    .option("--all", "what was reviewed as well")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { all, limit, json } = command.optsWithGlobals<Options>();
      const query = { all: String(all ?? false), limit };
      const page = await brokenGlassOf(clientOf(command), query);
      if (json) jsonLines(io, page.items);
      else if (page.items.length === 0) io.out("nothing waits for a review");
      else toldPage(io, page, (some) => table(HEAD, some.map(row)));
    });

  glass
    .command("review")
    .description(
      "say whether it was justified, as somebody else than who did it",
    )
    .argument("<id>")
    .addArgument(
      new Argument("<verdict>").choices(["justified", "not-justified"]),
    )
    .requiredOption("--reason <text>", "for whoever asks later")
    .option("--json", JSON_HELP)
    .action(async (...given: readonly unknown[]) => {
      const [id, verdict] = given as [string, "justified" | "not-justified"];
      const command = given.at(-1) as Command;
      const { reason, json } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      const found = await reviewGlass(client, id, { verdict, reason });
      if (json) io.out(JSON.stringify(found));
      else io.out(reviewedText(found));
    });
}

const reviewedText = ({ glass, verdict, bySelf }: GlassItem): string =>
  `${glass} is found ${verdict ?? ""}${bySelf === true ? ", by who did it: nobody else could sign in" : ""}`;

const HEAD = ["id", "when", "by", "what", "why", "review"];

const row = (each: GlassItem): readonly string[] => [
  ...[each.glass, momentOf(each.brokenAt), each.by, whatOf(each), each.why],
  each.verdict === null
    ? "waits"
    : `${each.verdict}, by ${each.reviewedBy ?? ""}`,
];

const whatOf = ({ action, ranges, targets, feeds }: GlassItem): string => {
  const [first] = targets;
  const what =
    ranges === 1 && first !== undefined ? first : counted(ranges, "range");
  return `${action} of ${what} in ${feeds.join(", ")}`;
};
