import type { Command } from "commander";
import { decisionsOf, type DecisionItem } from "./ask-decisions.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { ruleAlarms } from "./shown-alarms.js";
import { dateOf, table } from "./tables.js";
import { counted, cutText, grouped, untilText } from "./words.js";

interface Options {
  readonly limit: string;
  readonly by?: string;
  readonly feed?: string;
  readonly json?: true;
}

/** decisions. */
export function addDecisions(program: Command, io: Io): void {
  program
    .command("decisions")
    .description("list who or which rule decided what, when and why")
    .option("--by <name>", 'an operator, or such as "rule:several-orgs"')
    .option("--feed <name>", "only in urgent, reputation or org/<id>")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { limit, by, feed, json } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      for (const line of await ruleAlarms(client)) io.err(line);
      const { items, total } = await decisionsOf(client, { limit, by, feed });
      if (json) {
        jsonLines(io, items);
        return;
      }
      io.out(table(HEAD, items.map(row)));
      const cut = cutText(items.length, total);
      if (cut !== undefined) io.out(cut);
    });
}

const HEAD = [
  ...["decision", "when", "by", "what", "feed"],
  ...["until", "reason", "evidence"],
];

function row(entry: DecisionItem): readonly string[] {
  const { decision, decidedAt, by, feed, reason, until } = entry;
  const what = `${entry.action} ${whatOf(entry)}`;
  const ends = until === null ? "" : untilText(until).replace("until ", "");
  const evidence = entry.evidence.join(", ");
  const who = by ?? VENDOR;
  return [decision, dateOf(decidedAt), who, what, feed, ends, reason, evidence];
}

/** Whom an org's people know by no name. */
export const VENDOR = "the vendor";

export function whatOf({ ranges, targets, observed }: DecisionItem): string {
  const unnamed = ranges - targets.length;
  const more = unnamed > 0 ? ` and ${grouped(unnamed)} more` : "";
  const named = targets.join(", ") + more;
  const what = targets.length === 0 ? counted(ranges, "range") : named;
  return what + (observed ? " (observed)" : "");
}
