import type { Command } from "commander";
import { decisionsOf, type DecisionItem } from "./ask-decisions.js";
import { DECISIONS } from "../query/lists/decisions.js";
import { clientOf, type Client } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import type { Query } from "./pages.js";
import { queryIn, someOf, takesQuery, toldQuery } from "./query-argument.js";
import { ruleAlarms } from "./shown-alarms.js";
import { dateOf, table } from "./tables.js";
import { counted, cutText, grouped, untilText, wholeNumber } from "./words.js";

interface Options {
  readonly limit: string;
  readonly by?: string;
  readonly feed?: string;
  readonly json?: true;
  readonly explain?: true;
}

/** decisions. */
export function addDecisions(program: Command, io: Io): void {
  takesQuery(program.command("decisions"), DECISIONS)
    .description("list who or which rule decided what, when and why")
    .option("--by <name>", 'an operator, or such as "rule:several-orgs"')
    .option("--feed <name>", "only in urgent, reputation or org/<id>")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, by, feed, json, explain } = options;
      const q = queryIn(words, DECISIONS);
      if (explain) {
        toldQuery(io, q, DECISIONS);
        return;
      }
      const client = clientOf(command);
      for (const line of await ruleAlarms(client)) io.err(line);
      const { items, cut } = await found(client, { limit, by, feed, q });
      if (json) {
        jsonLines(io, items);
        return;
      }
      io.out(table(HEAD, items.map(row)));
      if (cut !== undefined) io.out(cut);
    });
}

/** Those that are asked for, and what there is to say of others. */
async function found(
  client: Client,
  query: Query & { readonly limit: string },
): Promise<{ items: readonly DecisionItem[]; cut: string | undefined }> {
  if (query["q"] === undefined) {
    const { items, total } = await decisionsOf(client, query);
    return { items, cut: cutText(items.length, total) };
  }
  const limit = wholeNumber(query.limit);
  const some = await someOf<DecisionItem>(client, "/decisions", query, limit);
  const { items, next } = some;
  const cut = next === null ? undefined : "there may be more: --limit";
  return { items, cut };
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
