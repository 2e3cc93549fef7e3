import { createInterface } from "node:readline";
import type { Flow } from "../flows/flows.js";
import { Logbook } from "../flows/log.js";
import { receive, type Ports } from "../flows/receivers.js";
import { send } from "../flows/senders.js";

/** What a party is told, a JSON object a line; it answers each with its log. */
export type Order =
  | {
      readonly do: "receive";
      readonly ports: Ports;
      readonly families: readonly (4 | 6)[];
    }
  | { readonly do: "send"; readonly flows: readonly Flow[] }
  | { readonly do: "report" };

/** The process of one party, in its namespace: sends, receives, keeps a log. */
const logbook = new Logbook();
for await (const line of createInterface(process.stdin)) {
  await carryOut(JSON.parse(line) as Order);
  process.stdout.write(`${JSON.stringify(logbook.log())}\n`);
}
process.exit();

async function carryOut(order: Order): Promise<void> {
  switch (order.do) {
    case "receive":
      return receive(order.ports, order.families, logbook);
    case "send":
      for (const flow of order.flows) send(flow, logbook);
      return;
    case "report":
      return;
  }
}
