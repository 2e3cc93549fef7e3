import type { Command } from "commander";
import type { HostReport } from "../telemetry/telemetry.js";
import { clientOf, type AgentEntry } from "./client.js";
import { AGENT_HELP } from "./identity-commands.js";
import type { Io } from "./io.js";
import { dateOf, table } from "./tables.js";
import { grouped, momentOf, spanText } from "./words.js";

interface Options {
  readonly dir: string;
  readonly org?: string;
  readonly offline?: true;
  readonly unhealthy?: true;
  readonly json?: true;
}

/** agents, and agents forget. */
export function addAgentCommands(program: Command, io: Io): void {
  const agents = program
    .command("agents")
    .description("list the agents, and how their hosts are; offline ones first")
    .option("--org <id>", "only of this org")
    .option("--offline", "only those that should be connected, and are not")
    .option("--unhealthy", "only those with something wrong")
    .option("--json", "for machines")
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const all = await clientOf(command).agents();
      const now = Date.now();
      const chosen = all.filter((agent) => isChosen(agent, options));
      const sorted = chosen.sort((a, b) => needOf(a) - needOf(b));
      if (options.json) {
        io.out(JSON.stringify(sorted, null, 2));
        return;
      }
      if (sorted.length === 0) {
        io.out(
          all.length === 0 ? "no agent is enrolled" : "no agent is like that",
        );
        return;
      }
      io.out(
        table(
          HEAD,
          sorted.map((agent) => rowOf(agent, now)),
        ),
      );
      for (const line of sorted.flatMap(healthLines)) io.out(line);
    });
  agents
    .command("forget")
    .description("list an agent no more that is revoked, or gone for 30 days")
    .argument("<agent>", AGENT_HELP)
    .action(async (agent: string, _, command: Command) => {
      const { agent: id } = await clientOf(command).forget(agent);
      io.out(`${id} is forgotten, and trusted no more; the journal keeps it`);
    });
}

const isOffline = ({ connected, revokedAt }: AgentEntry): boolean =>
  !connected && revokedAt === null;

const isUnhealthy = ({
  report,
  cloned,
  telemetryOverSince,
}: AgentEntry): boolean =>
  cloned > 0 ||
  telemetryOverSince !== null ||
  (report !== null && (report.health.length > 0 || report.dropped > 0));

const isChosen = (agent: AgentEntry, options: Options): boolean =>
  (options.org === undefined || agent.org === options.org) &&
  (!options.offline || isOffline(agent)) &&
  (!options.unhealthy || isUnhealthy(agent));

/** What somebody should look at comes first, and whoever was sent away last. */
function needOf(agent: AgentEntry): number {
  if (agent.revokedAt !== null) return 3;
  if (isOffline(agent)) return 0;
  return isUnhealthy(agent) ? 1 : 2;
}

const HEAD = ["state", "host", "org", "agent", "health", "bans", "system"];

function rowOf(agent: AgentEntry, now: number): readonly string[] {
  const { report } = agent;
  return [
    ...[stateText(agent, now), agent.hostname, agent.org, agent.id],
    ...[healthText(agent), bansText(report, now)],
    report?.inventory ? systemOf(report.inventory) : agent.system,
  ];
}

function stateText(agent: AgentEntry, now: number): string {
  const { connected, revokedAt, revokedWhy, lastSeen } = agent;
  if (revokedAt !== null) {
    return revokedWhy === null ? "revoked" : `revoked (${revokedWhy})`;
  }
  if (connected) return "connected";
  return lastSeen === null
    ? "never connected"
    : `offline for ${spanText(now - lastSeen)}`;
}

function healthText(agent: AgentEntry): string {
  const { report, cloned, telemetryOverSince: over } = agent;
  const identity = cloned > 0 ? ["CLONED (see clones)"] : [];
  if (over !== null) {
    identity.push(`over its telemetry budget since ${dateOf(over)}`);
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
function bansText(report: HostReport | null, now: number): string {
  if (!report?.vitals) return "";
  const { bans, time } = report.vitals;
  const age = now - time;
  return age < STALE_MS
    ? grouped(bans)
    : `${grouped(bans)} (${spanText(age)} ago)`;
}

/** Hosts count once a minute. */
const STALE_MS = 90_000;

const healthLines = ({ hostname, report }: AgentEntry): readonly string[] =>
  (report?.health ?? []).map(
    ({ code, severity, since, text }) =>
      `${hostname}: ${code} (${severity}) since ${momentOf(since)}: ${text}`,
  );

const systemOf = ({
  system,
  kernel,
  arch,
}: NonNullable<HostReport["inventory"]>): string =>
  `${system}, ${kernel}, ${arch}`;
