import type { Command } from "commander";
import { protocolName } from "../../agent/model/protocol-name.js";
import type { DecisionEntry } from "../decide/decision-log.js";
import type {
  ContactEntry,
  HostReport,
  Sighting,
} from "../telemetry/telemetry.js";
import { Client, type AgentEntry } from "./client.js";
import { alarmsOf } from "./shown-alarms.js";
import type { Io } from "./io.js";
import { dateOf, table } from "./tables.js";

interface Options {
  readonly dir: string;
  readonly limit: string;
  readonly range?: string;
  readonly org?: string;
  readonly agent?: string;
  readonly by?: string;
  readonly json?: true;
}

/** agents, sightings, contacts, decisions. */
export function addTelemetryCommands(program: Command, io: Io): void {
  program
    .command("agents")
    .description("list the agents, and how their hosts are")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const { dir, json } = command.optsWithGlobals<Options>();
      const agents = await Client.of(dir).agents();
      if (json) io.out(JSON.stringify(agents, null, 2));
      else io.out(table(AGENT_HEAD, agents.map(agentRow)));
    });
  addSightings(program, io);
  addContacts(program, io);
  addDecisions(program, io);
}

const AGENT_HEAD = [
  ...["agent", "org", "host", "connected", "last seen"],
  ...["health", "bans", "system"],
];

function agentRow(agent: AgentEntry): readonly string[] {
  const { report } = agent;
  return [
    agent.id,
    agent.org,
    agent.hostname,
    agent.revokedAt === null ? yesOrNo(agent.connected) : revokedText(agent),
    dateOf(agent.lastSeen),
    healthOf(agent),
    report?.vitals ? String(report.vitals.bans) : "",
    report?.inventory ? systemOf(report.inventory) : agent.system,
  ];
}

const revokedText = ({ revokedWhy }: AgentEntry): string =>
  revokedWhy === null ? "revoked" : `revoked (${revokedWhy})`;

const yesOrNo = (value: boolean): string => (value ? "yes" : "no");

function healthOf(agent: AgentEntry): string {
  const { report, cloned, telemetryOverSince: over } = agent;
  const identity = cloned > 0 ? ["CLONED (see clones)"] : [];
  if (over !== null) {
    identity.push(`over its telemetry budget since ${dateOf(over)}`);
  }
  if (report === null) return [...identity, "unknown"].join("\n");
  const conditions = report.health.map(
    ({ code, severity }) => `${code} (${severity})`,
  );
  if (report.dropped > 0) conditions.push(`${report.dropped} items dropped`);
  const all = [...identity, ...conditions];
  return all.length === 0 ? "ok" : all.join("\n");
}

const systemOf = ({
  system,
  kernel,
  arch,
}: NonNullable<HostReport["inventory"]>): string =>
  `${system}, ${kernel}, ${arch}`;

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
      const { dir, limit, range, org, json } = options;
      const query = given({ limit, range, org });
      const answer = await Client.of(dir).sightings(query);
      if (json) {
        io.out(JSON.stringify(answer, null, 2));
        return;
      }
      io.out(table(SIGHTING_HEAD, answer.sightings.map(sightingRow)));
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
    .option("--agent <id>", "only on this host")
    .option("--limit <count>", "the newest", "50")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { dir, limit, range, org, agent, json } = options;
      const query = given({ limit, range, org, agent });
      const contacts = await Client.of(dir).contacts(query);
      if (json) io.out(JSON.stringify(contacts, null, 2));
      else io.out(table(CONTACT_HEAD, contacts.map(contactRow)));
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

function addDecisions(program: Command, io: Io): void {
  program
    .command("decisions")
    .description("list who or which rule decided what, when and why")
    .option("--by <name>", 'an operator, or such as "rule:several-orgs"')
    .option("--limit <count>", "the newest", "50")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const { dir, limit, by, json } = command.optsWithGlobals<Options>();
      const client = Client.of(dir);
      for (const line of alarmsOf(await client.rules())) io.err(line);
      const decisions = await client.decisions(given({ limit, by }));
      if (json) io.out(JSON.stringify(decisions, null, 2));
      else io.out(table(DECISION_HEAD, decisions.map(decisionRow)));
    });
}

const DECISION_HEAD = [
  ...["decision", "when", "by", "what", "feed"],
  ...["reason", "evidence"],
];

function decisionRow(entry: DecisionEntry): readonly string[] {
  const { decision, decidedAt, by, feed, reason } = entry;
  const what = `${entry.action} ${whatOf(entry)}`;
  const evidence = entry.evidence.join(", ");
  return [decision, dateOf(decidedAt), by, what, feed, reason, evidence];
}

function whatOf({ ranges, targets, observed }: DecisionEntry): string {
  const unnamed = ranges - targets.length;
  const more = unnamed > 0 ? ` and ${unnamed} more` : "";
  const named = targets.join(", ") + more;
  const what = targets.length === 0 ? `${ranges} ranges` : named;
  return what + (observed ? " (observed)" : "");
}

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
