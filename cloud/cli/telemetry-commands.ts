import type { Command } from "commander";
import { protocolName } from "../../agent/model/protocol-name.js";
import { misused } from "../../agent/text/failure.js";
import type {
  ContactEntry,
  DetectionEntry,
  Sighting,
} from "../telemetry/telemetry.js";
import { clientOf } from "./client.js";
import { addDecisions } from "./decisions-command.js";
import { AGENT_HELP } from "./identity-commands.js";
import type { Io } from "./io.js";
import { addStatements } from "./statement-command.js";
import { dateOf, table } from "./tables.js";
import { counted } from "./words.js";

interface Options {
  readonly dir: string;
  readonly limit: string;
  readonly range?: string;
  readonly org?: string;
  readonly agent?: string;
  readonly json?: true;
}

/** sightings, contacts, statements, detections, decisions. */
export function addTelemetryCommands(program: Command, io: Io): void {
  addSightings(program, io);
  addContacts(program, io);
  addStatements(program, io);
  addDetections(program, io);
  addDecisions(program, io);
}

/** Where a listing was cut off, its end says so. */
function cutAt<Row>(rows: readonly Row[], limit: string) {
  const most = Number(limit);
  const isCut = rows.length > most;
  const line = `the first ${counted(most, "row")}; --limit shows more`;
  return { rows: rows.slice(0, most), cut: isCut ? [line] : [] };
}

/** One more than is shown tells whether there are more. */
function oneMore(limit: string): string {
  if (/^[1-9]\d{0,3}$/.test(limit)) return String(Number(limit) + 1);
  throw misused(`--limit "${limit}" is not from 1 to 9999`);
}

function addSightings(program: Command, io: Io): void {
  program
    .command("sightings")
    .description("list whose packets the bans dropped or watched, by org")
    .option("--range <range>", "only attackers within")
    .option("--org <id>", "only on hosts of this org")
    .option("--limit <count>", "those with the most packets", "50")
    .option("--json", "for machines")
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud sightings --range 203.0.113.0/24",
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, range, org, json } = options;
      const query = given({ limit: oneMore(limit), range, org });
      const answer = await clientOf(command).sightings(query);
      const { rows, cut } = cutAt(answer.sightings, limit);
      if (json) {
        io.out(JSON.stringify({ ...answer, sightings: rows }, null, 2));
        return;
      }
      io.out(table(SIGHTING_HEAD, rows.map(sightingRow)));
      for (const line of cut) io.out(line);
    });
}

const SIGHTING_HEAD = [
  ...["range", "org", "packets", "bytes"],
  ...["outgoing", "forwarded", "observed", "first", "last"],
];

const sightingRow = (each: Sighting): readonly (string | number)[] => [
  ...[each.range, each.org, each.packets, each.bytes],
  ...[each.outgoing, each.forwarded, each.observed],
  ...[dateOf(each.firstSeen), dateOf(each.lastSeen)],
];

function addContacts(program: Command, io: Io): void {
  program
    .command("contacts")
    .description("list which processes of hosts called banned addresses")
    .option("--range <range>", "only banned addresses within")
    .option("--org <id>", "only on hosts of this org")
    .option("--agent <agent>", `only on one host: ${AGENT_HELP}`)
    .option("--limit <count>", "the newest", "50")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, range, org, agent, json } = options;
      const query = given({ limit: oneMore(limit), range, org, agent });
      const contacts = await clientOf(command).contacts(query);
      const { rows, cut } = cutAt(contacts, limit);
      if (json) {
        io.out(JSON.stringify(rows, null, 2));
        return;
      }
      io.out(table(CONTACT_HEAD, rows.map(contactRow)));
      for (const line of cut) io.out(line);
    });
}

const CONTACT_HEAD = [
  ...["when", "org", "agent", "range", "protocol", "port", "packets"],
  ...["process", "unit", "container", "what"],
];

function contactRow(entry: ContactEntry): readonly (string | number)[] {
  const { range, protocol, port, packets, process, unit, container } = entry;
  const what = [
    entry.begun ? "began it" : "was open",
    entry.forwarded ? "forwarded" : "",
    entry.observed ? "not dropped" : "",
  ].filter(Boolean);
  return [
    ...[dateOf(entry.time), entry.org, entry.agent],
    ...[range, protocolName(protocol), port, packets],
    ...[process ?? "", unit ?? "", container ?? "", what.join(", ")],
  ];
}

function addDetections(program: Command, io: Io): void {
  program
    .command("detections")
    .description(
      "list what hosts' sensors detected, whether or not a rule acts",
    )
    .option("--range <range>", "only sources within")
    .option("--org <id>", "only on hosts of this org")
    .option("--agent <agent>", `only on one host: ${AGENT_HELP}`)
    .option("--limit <count>", "the newest", "50")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, range, org, agent, json } = options;
      const query = given({ limit: oneMore(limit), range, org, agent });
      const detections = await clientOf(command).detections(query);
      const { rows, cut } = cutAt(detections, limit);
      if (json) {
        io.out(JSON.stringify(rows, null, 2));
        return;
      }
      io.out(table(DETECTION_HEAD, rows.map(detectionRow)));
      for (const line of cut) io.out(line);
    });
}

const DETECTION_HEAD = [
  ...["evidence", "when", "org", "agent", "sensor"],
  ...["source", "failures", "host did"],
];

const detectionRow = (each: DetectionEntry): readonly (string | number)[] => [
  ...[each.seq, dateOf(each.time), each.org, each.agent, each.sensor],
  ...[each.source, each.count],
  each.rule === null ? each.action : `${each.action} (${each.rule})`,
];

/** Without the fields that nobody gave. */
function given(
  fields: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}
