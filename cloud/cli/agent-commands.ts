import type { Command } from "commander";
import {
  agentsOf,
  forgetAgent,
  tagAgent,
  type AgentItem,
} from "./ask-hosts.js";
import { clientOf } from "./client.js";
import { AGENT_HELP } from "./identity-commands.js";
import { AGENTS } from "../query/lists/agents.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { queryIn, takesQuery, toldQuery } from "./query-argument.js";
import { table } from "./tables.js";
import { grouped, momentOf, spanText } from "./words.js";

interface Options {
  readonly org?: string;
  readonly tag?: string;
  readonly offline?: true;
  readonly unhealthy?: true;
  readonly json?: true;
  readonly explain?: true;
}

/** agents, agents tag and agents forget. */
export function addAgentCommands(program: Command, io: Io): void {
  const agents = takesQuery(program.command("agents"), AGENTS)
    .description("list the agents, and how their hosts are; offline ones first")
    .option("--org <id>", "only of this org")
    .option("--tag <tag>", "only those that have it")
    .option("--offline", "only those that should be connected, and are not")
    .option("--unhealthy", "only those with something wrong")
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const q = queryIn(words, AGENTS);
      if (options.explain) {
        toldQuery(io, q, AGENTS);
        return;
      }
      const query = { ...queryOf(options), q };
      const all = await agentsOf(clientOf(command), query);
      const sorted = [...all].sort((a, b) => needOf(a) - needOf(b));
      if (options.json) jsonLines(io, sorted);
      else for (const line of linesOf(sorted, options)) io.out(line);
    });
  addTag(agents, io);
  agents
    .command("forget")
    .description("list an agent no more that is revoked, or gone for 30 days")
    .argument("<agent>", AGENT_HELP)
    .action(async (agent: string, _, command: Command) => {
      const { agent: id } = await forgetAgent(clientOf(command), agent);
      io.out(`${id} is forgotten, and trusted no more; the journal keeps it`);
    });
}

const HELP = `
Examples:
  $ tourniquet-cloud agents org:acme not mode:enforce
  $ tourniquet-cloud agents "lastseen:>1h" "version:<0.7"`;

function addTag(agents: Command, io: Io): void {
  agents
    .command("tag")
    .description("give a host these tags in place of those it has")
    .argument("<agent>", AGENT_HELP)
    .argument("[tags...]", "up to 16, of a-z, 0-9 and -; none takes all away")
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud agents tag web7 web production",
    )
    .action(async (agent: string, tags: string[], _, command: Command) => {
      const { agent: id, tags: now } = await tagAgent(
        ...([clientOf(command), agent, tags] as const),
      );
      const who = id === agent ? id : `${agent} (${id})`;
      io.out(
        now.length === 0
          ? `${who} has no tags`
          : `${who} is tagged ${now.join(", ")}`,
      );
    });
}

const queryOf = ({ org, tag, offline, unhealthy }: Options) => ({
  ...{ org, tag, limit: "1000" },
  state: offline && "offline",
  unhealthy: unhealthy && "true",
});

function linesOf(
  agents: readonly AgentItem[],
  { org, tag, offline, unhealthy }: Options,
): readonly string[] {
  if (agents.length === 0) {
    const isAll = !(org ?? tag ?? offline ?? unhealthy);
    return [isAll ? "no agent is enrolled" : "no agent is like that"];
  }
  const now = Date.now();
  const rows = agents.map((agent) => rowOf(agent, now));
  return [table(HEAD, rows), ...agents.flatMap(healthLines)];
}

/** What somebody should look at comes first, and whoever was sent away last. */
function needOf({ state, unhealthy }: AgentItem): number {
  if (state === "revoked" || state === "left") return 3;
  if (state === "offline") return 0;
  return unhealthy ? 1 : 2;
}

const HEAD = [
  ...["state", "host", "org", "agent", "tags", "health", "bans", "system"],
];

function rowOf(agent: AgentItem, now: number): readonly string[] {
  const { report } = agent;
  return [
    ...[stateText(agent, now), agent.hostname, agent.org, agent.id],
    ...[agent.tags.join(" "), healthText(agent), bansText(report, now)],
    report?.inventory ? systemOf(report.inventory) : agent.system,
  ];
}

function stateText(agent: AgentItem, now: number): string {
  const { state, revokedWhy, lastSeen, leftAt } = agent;
  if (state === "revoked") {
    return revokedWhy === null ? "revoked" : `revoked (${revokedWhy})`;
  }
  if (state === "online") return "connected";
  if (leftAt !== null) {
    return `left ${spanText(now - Date.parse(leftAt))} ago`;
  }
  return lastSeen === null
    ? "never connected"
    : `offline for ${spanText(now - Date.parse(lastSeen))}`;
}

function healthText(agent: AgentItem): string {
  const { report, cloned, telemetryOverSince: over } = agent;
  const identity = cloned > 0 ? ["CLONED (see clones)"] : [];
  if (over !== null) {
    identity.push(`over its telemetry budget since ${momentOf(over)}`);
  }
  if (report === null) return [...identity, "unknown"].join(", ");
  const conditions = report.health.map(
    ({ code, severity }) => `${code} (${severity})`,
  );
  if (report.dropped > 0) {
    conditions.push(`${grouped(report.dropped)} items dropped`);
  }
  const all = [...identity, ...conditions];
  return all.length === 0 ? "ok" : all.join(", ");
}

/** As the host counted them, and when, should that be a while ago. */
function bansText(report: AgentItem["report"], now: number): string {
  if (!report?.vitals) return "";
  const { bans, time } = report.vitals;
  const age = now - Date.parse(time);
  return age < STALE_MS
    ? grouped(bans)
    : `${grouped(bans)} (${spanText(age)} ago)`;
}

/** Hosts count once a minute. */
const STALE_MS = 90_000;

const healthLines = ({ hostname, report }: AgentItem): readonly string[] =>
  (report?.health ?? []).map(
    ({ code, severity, since, text }) =>
      `${hostname}: ${code} (${severity}) since ${momentOf(since)}: ${text}`,
  );

const systemOf = ({
  system,
  kernel,
  arch,
}: {
  readonly system: string;
  readonly kernel: string;
  readonly arch: string;
}): string => `${system}, ${kernel}, ${arch}`;
