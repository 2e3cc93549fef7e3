import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { printable } from "../../../agent/log/printable.js";
import { askAgent } from "../../control/client.js";
import type { TelemetryReport } from "../../control/list-views.js";

/** `tourniquet telemetry show`: exactly what leaves this host next. */
export function telemetryCommand(program: Command, config: () => Config): void {
  program
    .command("telemetry")
    .description("what this host reports of itself; TELEMETRY.md says why")
    .command("show")
    .description("print exactly what is sent next, and what was sent before")
    .option("--json", "print one JSON object")
    .action(async ({ json }: { json?: boolean }) => {
      const report = await askAgent(config().controlSocket, "/v1/telemetry");
      const text = json
        ? JSON.stringify(report)
        : asText(report as TelemetryReport);
      process.stdout.write(`${text}\n`);
    });
}

function asText({ spool }: TelemetryReport): string {
  if (spool === null) {
    return "telemetry cannot be kept: no spool is open (the log says why); nothing is sent";
  }
  const { waiting, next } = spool;
  const lines = [
    `spool ${spool.spool}: ${waiting.items} items wait, ${waiting.bytes} bytes`,
    `numbers: ${spool.last} given, ${spool.sent} sent, ${spool.acked} acknowledged; ${spool.dropped} items dropped unsent`,
  ];
  if (next === null) return [...lines, "nothing is to be sent"].join("\n");
  const { first, items } = next;
  const when = spool.inFlight ? "sent, and not acknowledged yet" : "sent next";
  const bytes = Buffer.byteLength(JSON.stringify(next));
  return [
    ...lines,
    `${when}: one message of ${items.length} items, ${bytes} bytes`,
    ...items.map(
      (item, i) => `${first + i} ${printable(JSON.stringify(item), LONGEST)}`,
    ),
  ].join("\n");
}

/** Beyond what any item takes. */
const LONGEST = 64 * 1024;
