import type * as v from "valibot";
import type { Caller } from "../../operators/caller.js";
import { behindBy, hostMode } from "../../fleet/host-mode.js";
import { stateOf, troublesOf } from "../../fleet/host-state.js";
import type { Agent } from "../../registry/registry.js";
import { Turns } from "../../rate/turns.js";
import type { HostReport } from "../../telemetry/telemetry.js";
import type { RosterRow } from "../../fleet/roster-row.js";
import { agentsAsked, type SeenNow } from "../asked/agents.js";
import type { OperatorApiPorts } from "../ports.js";
import { mustBeOwnOrg, ownAgent } from "../scope.js";
import { cursorOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { agentChanges } from "./agent-changes.js";
import { AgentOut, AgentsPage, AgentsQuery } from "./agent-shapes.js";

type Query = v.InferOutput<typeof AgentsQuery>;

/** Customers' hosts, and how they are. */
export const agentTable = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/agents", operationId: "listAgents" },
    ...{ tag: "Hosts", summary: "Agents in the order in which they came" },
    ...{ allows: "viewer", scope: "own" },
    query: AgentsQuery,
    description: ASKED,
    answers: { 200: { description: "A page", schema: AgentsPage } },
    problems: [404],
    handle: async ({ caller, query, context }) =>
      answer(200, await pageFor(caller, query, ports, context.req.raw.signal)),
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

const ASKED =
  "In another order, by `tag`, `state` or `unhealthy`, or with `q`, of a large fleet they are as they were some seconds ago at most, and how many there are is told.";

async function pageFor(
  caller: Caller,
  query: Query,
  ports: OperatorApiPorts,
  signal: AbortSignal,
) {
  const { org, q, sort, desc, tag, state, unhealthy } = query;
  if (org !== undefined) mustBeOwnOrg(caller, org, ports);
  const turns = new Turns(ports.clock, signal);
  const narrowing = [q, sort, tag, state, unhealthy];
  const isPlain = narrowing.every((each) => each === undefined) && !desc;
  return isPlain
    ? plainPage(caller, query, ports, turns)
    : ports.listGate.run(caller, signal, () =>
        askedPage(caller, query, ports, turns),
      );
}

async function askedPage(
  caller: Caller,
  query: Query,
  ports: OperatorApiPorts,
  turns: Turns,
) {
  const { q, sort: order = "enrolled", desc, limit, cursor: from } = query;
  const isMeant = (row: RosterRow, seen: () => SeenNow) =>
    isAskedFor(row, seen, query);
  const asked = { ...{ query: q, order, desc, limit }, from, isMeant };
  const { ids, total, next } = await agentsAsked(caller, asked, ports, turns);
  const agents = ids.flatMap((id) => {
    // It may have been forgotten meanwhile.
    const agent = ports.registry.agent(id);
    return agent === undefined ? [] : [agent];
  });
  const items = await allShown(agents, ports, turns);
  return { items, total, next: next && cursorOf(next) };
}

/** In the registry's order, and as it knows them now. */
async function plainPage(
  caller: Caller,
  { org, cursor, limit }: Query,
  ports: OperatorApiPorts,
  turns: Turns,
) {
  const [enrolledAt, id] = cursor ?? [-1, ""];
  const found = ports.registry.agentsBehind({
    org: caller.org ?? org,
    ...{ enrolledAt: Number(enrolledAt), id, most: limit + 1 },
  });
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  const items = await allShown(page, ports, turns);
  return { items, next: last ? cursorOf([last.enrolledAt, last.id]) : null };
}

/** What each of them said is read of them alone, in turns with all else. */
async function allShown(
  agents: readonly Agent[],
  ports: OperatorApiPorts,
  turns: Turns,
) {
  const shown = shownBy(ports);
  const items: ReturnType<typeof shown>[] = [];
  for (const agent of agents) {
    if (turns.isOver) await turns.next();
    items.push(shown(agent));
  }
  return items;
}

/** An agent as operators see it; what is of all of them is asked once. */
function shownBy(ports: OperatorApiPorts) {
  const { gateway, telemetry, bootLog, receipts, index } = ports;
  const clones = bootLog.standing();
  const tips = new Map(index.standings().map((tip) => [tip.feed, tip]));
  return (agent: Agent) => {
    const { id } = agent;
    const stands = receipts.stands(id);
    const more = {
      cloned: clones.get(id) ?? 0,
      telemetryOverSince: ports.telemetryOverSince(id),
      report: telemetry.hostOf(id),
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
  agent: Pick<Agent, "org" | "tags">,
  seen: () => SeenNow,
  { org, tag, state, unhealthy }: Query,
): boolean =>
  (org === undefined || agent.org === org) &&
  (tag === undefined || agent.tags.includes(tag)) &&
  (state === undefined || seen().state === state) &&
  (unhealthy === undefined || seen().unhealthy === unhealthy);
