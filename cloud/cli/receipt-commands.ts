import type { Command } from "commander";
import { receiptsOf, type ReceiptItem } from "./ask-answers.js";
import { agentsOf } from "./ask-hosts.js";
import { clientOf, type Client } from "./client.js";
import { AGENT_HELP } from "./identity-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import type { Query } from "./pages.js";
import { cutText, momentOf } from "./words.js";

interface Options {
  readonly dir: string;
  readonly decision?: string;
  readonly agent?: string;
  readonly limit: string;
  readonly json?: true;
  readonly follow?: true;
}

/** receipts. */
export function addReceiptsCommand(program: Command, io: Io): void {
  program
    .command("receipts")
    .description("list what agents signed to have enforced, the newest last")
    .option("--decision <id>", "only of this decision")
    .option("--agent <agent>", `only of one: ${AGENT_HELP}`)
    .option("--limit <count>", "the newest", "50")
    .option("--json", `${JSON_HELP}; all of them unless you limit it`)
    .option("--follow", "go on until interrupted")
    .addHelpText(
      "after",
      "\nWhat became of a decision, host by host: tourniquet-cloud decision ID",
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { json, follow = false, limit } = options;
      const client = clientOf(command);
      const hosts = json ? new Map<string, string>() : await hostsOf(client);
      const say = (entry: ReceiptItem) =>
        io.out(json ? JSON.stringify(entry) : lineOf(entry, hosts));
      const asked = askedOf(options);
      const isLimited = command.getOptionValueSource("limit") === "cli";
      if (json && !isLimited) {
        await goOn({ client, asked, say, io, follow }, 0);
        return;
      }
      const newest = { ...asked, limit, newest: "true" };
      const { items, total } = await receiptsOf(client, newest);
      for (const entry of items) say(entry);
      const cut = cutText(items.length, total);
      if (cut !== undefined && !json) io.out(cut);
      const after = items.at(-1)?.seq ?? 0;
      if (follow) await goOn({ client, asked, say, io, follow }, after);
    });
}

const askedOf = ({ decision, agent }: Options): Query => ({
  ...{ decision, agent },
});

interface Following {
  readonly client: Client;
  readonly asked: Query;
  readonly say: (entry: ReceiptItem) => void;
  readonly io: Io;
  /** Until interrupted; else until there are no more. */
  readonly follow: boolean;
}

/** Says all receipts behind a sequence number, page by page. */
async function goOn(
  { client, asked, say, io, follow }: Following,
  from: number,
): Promise<void> {
  const stop = new AbortController();
  if (follow) void io.stopped().then(() => stop.abort());
  let after = from;
  do {
    const query = { ...asked, after: String(after) };
    const { items } = await receiptsOf(client, query);
    for (const entry of items) say(entry);
    after = items.at(-1)?.seq ?? after;
    if (items.length === 0 && !follow) return;
    if (items.length === 0) await pause();
  } while (!stop.signal.aborted);
}

/** Names of hosts, by agent. */
async function hostsOf(client: Client): Promise<ReadonlyMap<string, string>> {
  const agents = await agentsOf(client);
  return new Map(agents.map(({ id, hostname }) => [id, hostname]));
}

function lineOf(
  { at, receipt }: ReceiptItem,
  hosts: ReadonlyMap<string, string>,
): string {
  const { agent, position, mode, enforcedMs, trial, held } = receipt;
  const { banned, lifted, observed, heldTotal } = receipt;
  const rules = [...new Set(held.map(({ rule }) => rule))].join(", ");
  const by = rules === "" ? "" : ` (${rules})`;
  const counts = `+${banned} -${lifted} observed ${observed} held ${heldTotal}${by}`;
  const ms = enforcedMs.toFixed(1);
  const who = `${hosts.get(agent) ?? "?"} ${agent}`;
  const tried = trial ? `, on trial until ${momentOf(trial.until)}` : "";
  return `${momentOf(at)} ${who} ${position.feed}@${position.offset} ${mode} ${counts} in ${ms} ms${tried}`;
}

const LOOK_EVERY_MS = 500;

const pause = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
