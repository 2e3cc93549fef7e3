import type * as v from "valibot";
import type { Caller } from "../../operators/caller.js";
import { behindBy, hostMode } from "../../fleet/host-mode.js";
import { stateOf, troublesOf } from "../../fleet/host-state.js";
import type { Agent } from "../../registry/registry.js";
import type { HostReport } from "../../telemetry/telemetry.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg, ownAgent, sees } from "../scope.js";
import { cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { agentChanges } from "./agent-changes.js";
import { AgentOut, AgentsQuery } from "./agent-shapes.js";

type Query = v.InferOutput<typeof AgentsQuery>;

/** Customers' hosts, and how they are. */
export const agentTable = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/agents", operationId: "listAgents" },
    ...{ tag: "Hosts", summary: "Agents in the order in which they came" },
    ...{ allows: "viewer", scope: "own" },
    query: AgentsQuery,
    answers: { 200: { description: "A page", schema: pageOf(AgentOut) } },
    problems: [404],
    handle: ({ caller, query }) => answer(200, pageFor(caller, query, ports)),
  }),
  route({
    ...{ method: "GET", path: "/agents/{agent}", operationId: "getAgent" },
    ...{ tag: "Hosts", summary: "One agent, by its id or its host's name" },
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "The agent", schema: AgentOut } },
    problems: [409],
    handle: ({ caller, params: { agent = "" } }) =>
      answer(200, shownBy(ports)(ownAgent(caller, agent, ports))),
  }),
  ...agentChanges(ports),
];

function pageFor(caller: Caller, query: Query, ports: OperatorApiPorts) {
  const { org, cursor, limit } = query;
  if (org !== undefined) mustBeOwnOrg(caller, org, ports);
  const shown = shownBy(ports);
  const items: ReturnType<typeof shown>[] = [];
  for (const agent of ports.registry.agents()) {
    if (!sees(caller, agent.org) || !isBehind(agent, cursor)) continue;
    const each = shown(agent);
    if (!isAskedFor(each, query)) continue;
    const last = items.at(-1);
    if (items.length === limit && last !== undefined) {
      return { items, next: cursorOf([last.enrolledAt, last.id]) };
    }
    items.push(each);
  }
  return { items, next: null };
}

/** In the registry's order: by when they came, then by id. */
const isBehind = (
  { enrolledAt, id }: Agent,
  place: readonly [number, string] | undefined,
): boolean =>
  place === undefined ||
  enrolledAt > place[0] ||
  (enrolledAt === place[0] && id > place[1]);

/** An agent as operators see it; what is of all of them is asked once. */
function shownBy(ports: OperatorApiPorts) {
  const { gateway, telemetry, bootLog, receipts, index } = ports;
  const hosts = telemetry.hosts();
  const clones = bootLog.standing();
  const tips = new Map(index.standings().map((tip) => [tip.feed, tip]));
  return (agent: Agent) => {
    const { id } = agent;
    const stands = receipts.stands(id);
    const more = {
      cloned: clones.get(id) ?? 0,
      telemetryOverSince: ports.telemetryOverSince(id),
      report: hosts.get(id) ?? null,
    };
    return {
      ...agent,
      ...more,
      state: stateOf(agent, gateway.isConnected(id)),
      mode: hostMode(stands, codesOf(more.report)),
      behind: behindBy(ports.followedBy(agent), stands, tips),
      lastSeen: gateway.heardAt(id) ?? agent.lastSeen,
      unhealthy: isUnhealthy(more),
    };
  };
}

const isUnhealthy = ({
  cloned,
  telemetryOverSince: overSince,
  report,
}: {
  readonly cloned: number;
  readonly telemetryOverSince: number | null;
  readonly report: HostReport | null;
}): boolean => {
  const known = { cloned, overSince, dropped: report?.dropped ?? 0 };
  return troublesOf({ ...known, codes: codesOf(report) }).length > 0;
};

const codesOf = (report: HostReport | null): ReadonlySet<string> =>
  new Set(report?.health.map(({ code }) => code));

const isAskedFor = (
  agent: ReturnType<ReturnType<typeof shownBy>>,
  { org, tag, state, unhealthy }: Query,
): boolean =>
  (org === undefined || agent.org === org) &&
  (tag === undefined || agent.tags.includes(tag)) &&
  (state === undefined || agent.state === state) &&
  (unhealthy === undefined || agent.unhealthy === unhealthy);
