import type { Command } from "commander";
import { protocolName } from "../../agent/model/protocol-name.js";
import {
  contactsOf,
  detectionsOf,
  sightingsOf,
  unactedOf,
  type ContactItem,
  type DetectionItem,
  type SightingItem,
} from "./ask-hosts.js";
import { DETECTIONS } from "../query/lists/detections.js";
import { addAttackers } from "./attackers-command.js";
import { clientOf } from "./client.js";
import { addDecisions } from "./decisions-command.js";
import { AGENT_HELP } from "./identity-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { queryIn, someOf, takesQuery, toldQuery } from "./query-argument.js";
import { addStatements } from "./statement-command.js";
import { table, toldPage } from "./tables.js";
import { momentOf, wholeNumber } from "./words.js";

interface Options {
  readonly dir: string;
  readonly limit: string;
  readonly range?: string;
  readonly org?: string;
  readonly agent?: string;
  readonly unacted?: true;
  readonly json?: true;
  readonly explain?: true;
}

/** sightings, attackers, contacts, statements, detections, decisions. */
export function addTelemetryCommands(program: Command, io: Io): void {
  addSightings(program, io);
  addAttackers(program, io);
  addContacts(program, io);
  addStatements(program, io);
  addDetections(program, io);
  addDecisions(program, io);
}

function addSightings(program: Command, io: Io): void {
  program
    .command("sightings")
    .description("list whose packets the bans dropped or watched, by org")
    .option("--range <range>", "only attackers within")
    .option("--org <id>", "only on hosts of this org")
    .option("--limit <count>", "those with the most packets", "50")
    .option("--json", JSON_HELP)
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud sightings --range 203.0.113.0/24",
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, range, org, json } = options;
      const query = { limit, range, org };
      const page = await sightingsOf(clientOf(command), query);
      if (json) jsonLines(io, page.items);
      else
        toldPage(io, page, (all) => table(SIGHTING_HEAD, all.map(sightingRow)));
    });
}

const SIGHTING_HEAD = [
  ...["range", "org", "packets", "bytes"],
  ...["outgoing", "forwarded", "observed", "first", "last"],
];

const sightingRow = (each: SightingItem): readonly (string | number)[] => [
  ...[each.range, each.org, each.packets, each.bytes],
  ...[each.outgoing, each.forwarded, each.observed],
  ...[momentOf(each.firstSeen), momentOf(each.lastSeen)],
];

function addContacts(program: Command, io: Io): void {
  program
    .command("contacts")
    .description("list which processes of hosts called banned addresses")
    .option("--range <range>", "only banned addresses within")
    .option("--org <id>", "only on hosts of this org")
    .option("--agent <agent>", `only on one host: ${AGENT_HELP}`)
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, range, org, agent, json } = options;
      const query = { limit, range, org, agent };
      const page = await contactsOf(clientOf(command), query);
      if (json) jsonLines(io, page.items);
      else
        toldPage(io, page, (all) => table(CONTACT_HEAD, all.map(contactRow)));
    });
}

const CONTACT_HEAD = [
  ...["when", "org", "agent", "range", "protocol", "port", "packets"],
  ...["process", "unit", "container", "what"],
];

function contactRow(entry: ContactItem): readonly (string | number)[] {
  const { range, protocol, port, packets, process, unit, container } = entry;
  const what = [
    entry.begun ? "began it" : "was open",
    entry.forwarded ? "forwarded" : "",
    entry.observed ? "not dropped" : "",
  ].filter(Boolean);
  return [
    ...[momentOf(entry.time), entry.org, entry.agent],
    ...[range, protocolName(protocol), port, packets],
    ...[process ?? "", unit ?? "", container ?? "", what.join(", ")],
  ];
}

function addDetections(program: Command, io: Io): void {
  takesQuery(program.command("detections"), DETECTIONS)
    .description(
      "list what hosts' sensors detected, whether or not a rule acts",
    )
    .option("--unacted", "only what no rule banned or proposed on")
    .option("--range <range>", "only sources within")
    .option("--org <id>", "only on hosts of this org")
    .option("--agent <agent>", `only on one host: ${AGENT_HELP}`)
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { limit, range, org, agent, json, unacted } = options;
      const q = queryIn(words, DETECTIONS);
      if (options.explain) {
        toldQuery(io, q, DETECTIONS);
        return;
      }
      const query = { limit, range, org, agent, q };
      const client = clientOf(command);
      const page =
        q === undefined
          ? await (unacted ? unactedOf : detectionsOf)(client, query)
          : await someOf<DetectionItem>(
              ...([client, "/detections"] as const),
              { ...query, unacted: unacted && "true" },
              wholeNumber(limit),
            );
      if (json) jsonLines(io, page.items);
      else
        toldPage(io, page, (all) =>
          table(DETECTION_HEAD, all.map(detectionRow)),
        );
    });
}

const DETECTION_HEAD = [
  ...["evidence", "when", "org", "agent", "sensor"],
  ...["source", "failures", "host did"],
];

const detectionRow = (each: DetectionItem): readonly (string | number)[] => [
  ...[each.seq, momentOf(each.time), each.org, each.agent, each.sensor],
  ...[each.source, each.count],
  each.rule === null ? each.action : `${each.action} (${each.rule})`,
];
