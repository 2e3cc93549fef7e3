import type { Command } from "commander";
import { printable } from "../../../agent/log/printable.js";
import { numberText } from "../../../agent/text/count.js";
import { misused } from "../../../agent/text/failure.js";
import { askAgent } from "../../control/client.js";
import type {
  HistoryView,
  OrderedView,
  OrderView,
} from "../../control/history-view.js";
import { table } from "../../terminal/table.js";
import { shortMoment } from "../../terminal/when.js";

interface HistoryOptions {
  readonly limit: string;
  readonly orders?: boolean;
  readonly json?: boolean;
}

/** `tourniquet history`: what can be rolled back, or who ordered what here. */
export function historyCommand(program: Command, socket: () => string): void {
  program
    .command("history")
    .description("list orders that can be rolled back, newest first")
    .option("--orders", "list who ordered what at this host instead")
    .option("--limit <n>", "at most so many", "20")
    .option("--json", "print one JSON object a line")
    .action(async ({ limit, orders, json }: HistoryOptions) => {
      const most = Number(limit);
      if (!Number.isInteger(most) || most < 1 || most > MOST) {
        throw misused(`--limit "${limit}" is not from 1 to ${MOST}`);
      }
      const act = orders === true ? listOrders : listChanges;
      return act(socket(), most, json === true);
    });
}

async function listChanges(
  socket: string,
  most: number,
  json: boolean,
): Promise<void> {
  const path = `/v1/history?limit=${most}`;
  const history = (await askAgent(socket, path)) as HistoryView;
  if (json) history.orders.forEach(sayJson);
  else say(historyText(history));
}

/** One more than is shown tells whether there are more. */
async function listOrders(
  socket: string,
  most: number,
  json: boolean,
): Promise<void> {
  const path = `/v1/orders?limit=${most + 1}`;
  const found = (await askAgent(socket, path)) as readonly OrderView[];
  const orders = found.slice(0, most);
  if (json) orders.forEach(sayJson);
  else say(ordersText(orders));
  if (!json && found.length > most) say(moreText(most));
}

function ordersText(orders: readonly OrderView[]): string {
  if (orders.length === 0) return "none";
  const rows = orders.map(({ at, who, what, outcome }) => [
    ...[shortMoment(at), printable(who), printable(what)],
    printable(outcome ?? "under way, or cut off"),
  ]);
  return table(["at", "who", "what", "outcome"], rows);
}

export function historyText({ from, last, orders, more }: HistoryView): string {
  const back =
    last === null
      ? "no order of the cloud is kept that could be rolled back"
      : `tourniquet rollback takes back order ${last + 1}`;
  const reach = `any revision from ${from} on can be gone back to`;
  if (orders.length === 0) return `none; ${back}`;
  const lines = [table(HEAD, orders.map(rowOf)), "", `${back}; ${reach}`];
  return [...lines, ...(more ? [moreText(orders.length)] : [])].join("\n");
}

const HEAD = ["order", "at", "by", "feed", "bans", "lifts", "held", "reason"];

const rowOf = (each: OrderedView): readonly string[] => [
  each.lastRevision === each.order
    ? String(each.order)
    : `${each.order} (to ${each.lastRevision})`,
  shortMoment(each.at),
  each.target === null ? each.cause : `${each.cause} to ${each.target}`,
  each.feed ?? "",
  ...(each.feed === null
    ? [`${numberText(each.changed)} changed`, "", ""]
    : [each.banned + each.observed, each.lifted, each.held].map(numberText)),
  printable(each.reason),
];

const moreText = (shown: number): string =>
  `the newest ${numberText(shown)}; --limit N for more`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const sayJson = (each: unknown): void => say(JSON.stringify(each));

/** As many as the agent hands out at once, but for the one that tells of more. */
const MOST = 999;
