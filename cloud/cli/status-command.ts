import type { Command } from "commander";
import { statusOf, type StatusItem } from "./ask-cloud.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { table } from "./tables.js";
import { momentOf } from "./words.js";

interface Options {
  readonly json?: true;
}

/** status. */
export function addStatusCommand(program: Command, io: Io): void {
  program
    .command("status")
    .description("how the cloud is: its disk, its doors, and what was too much")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const status = await statusOf(clientOf(command));
      if (json) jsonLines(io, [status]);
      else for (const line of linesOf(status)) io.out(line);
    });
}

function linesOf(status: StatusItem): readonly string[] {
  const { connections, sessions, agentsOverTelemetryBudget: over } = status;
  return [
    `up since ${momentOf(status.startedAt)}`,
    ...diskLines(status.disk, words),
    ...observationLines(status.observations),
    ...laggingLines(status),
    ...glassLines(status),
    ...contestLines(status),
    ...countryLines(status),
    `${sessions.agents} agents connected; ${connections.open} of ${connections.most} connections, ${connections.strangers} of them strangers'`,
    ...(over > 0 ? [`${over} agents are over their telemetry budget`] : []),
    ...dropLines(status),
  ];
}

function diskLines(
  disk: StatusItem["disk"],
  said: typeof words,
): readonly string[] {
  const free = `${mebibytes(disk.freeBytes)} free`;
  const { reserveLeftBytes: left, reserveBytes: all } = disk;
  const reserve = `reserve ${mebibytes(left)} of ${mebibytes(all)}`;
  return [`disk of ${disk.dir}`, `  ${said[disk.state]} (${free}, ${reserve})`];
}

function observationLines({
  disk,
  laggingSince,
  laggingWhy,
  ...kept
}: StatusItem["observations"]): readonly string[] {
  const { bytes, mostBytes, keepDays, receiptsKeepDays } = kept;
  const room = `${mebibytes(bytes)} of ${mebibytes(mostBytes)}`;
  const terms = `reports for ${keepDays} days, receipts for ${receiptsKeepDays}`;
  return [
    `observations take ${room}; ${terms}`,
    ...(disk === null ? [] : diskLines(disk, wordsOfObservations)),
    ...(laggingSince === null
      ? []
      : [
          `observations LAG since ${momentOf(laggingSince)}: ${laggingWhy ?? "unknown"}`,
        ]),
  ];
}

const words: Readonly<Record<StatusItem["disk"]["state"], string>> = {
  roomy: "has room",
  "no-telemetry": "SHORT: no telemetry is taken",
  "orders-only": "NEARLY FULL: only operators' orders and identities are taken",
  full: "FULL: nothing is taken",
};

const wordsOfObservations: typeof words = {
  ...words,
  "orders-only": "FULL: nothing that hosts say is kept; decisions go on",
  full: "FULL: nothing that hosts say is kept; decisions go on",
};

function laggingLines({
  journal,
  bansTrouble,
  treeTrouble,
}: StatusItem): string[] {
  const { laggingSince, laggingWhy } = journal;
  const lines: string[] = [];
  if (laggingSince !== null) {
    const since = momentOf(laggingSince);
    lines.push(`LAGGING since ${since}: ${laggingWhy ?? "unknown"}`);
  }
  if (bansTrouble !== null) lines.push(`no new snapshots: ${bansTrouble}`);
  if (treeTrouble !== null) lines.push(`the log stands still: ${treeTrouble}`);
  return lines;
}

/** What one person did that takes two, until somebody else has looked at it. */
function glassLines({ brokenGlass }: StatusItem): readonly string[] {
  const { count, since } = brokenGlass;
  if (since === null) return [];
  const orders = count === 1 ? "1 order" : `${count} orders`;
  return [
    `BROKEN GLASS: ${orders} of one person that take two, since ${momentOf(since)}; see: tourniquet-cloud break-glass list`,
  ];
}

function contestLines({ contests }: StatusItem): readonly string[] {
  const { open, overdue, dueAt } = contests;
  if (dueAt === null) return [];
  const waits = `${open} ${open === 1 ? "contest waits" : "contests wait"} for an answer`;
  const due = `the first is due ${momentOf(dueAt)}`;
  return [
    overdue > 0
      ? `OVERDUE: ${overdue} of ${waits}; see: tourniquet-cloud contest list`
      : `${waits}, ${due}`,
  ];
}

/** Who names no file wants none. */
function countryLines({
  countries: { source, trouble },
}: StatusItem): readonly string[] {
  if (trouble !== null) return [`no country is KNOWN: ${trouble}`];
  if (source === null) return [];
  return [`countries by ${source.file}, of ${momentOf(source.built)}`];
}

function dropLines({ drops }: StatusItem): readonly string[] {
  const rows = Object.values(drops).map(({ what, count, lastAt }) => {
    return [what, count, momentOf(lastAt)];
  });
  if (rows.length === 0) return ["nothing was over a budget since the start"];
  return [table(["over a budget since the start", "times", "last"], rows)];
}

const mebibytes = (bytes: number): string =>
  `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
