import { setImmediate as nextTurn } from "node:timers/promises";
import { stateOf, troublesSeen } from "../../fleet/host-state.js";
import type { RosterRow } from "../../fleet/roster-row.js";
import type { Caller } from "../../operators/caller.js";
import type { AGENTS } from "../../query/lists/agents.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import type { OperatorApiPorts } from "../ports.js";
import { sees } from "../scope.js";

type Fields = FieldsOf<typeof AGENTS>;
type Ports = Pick<
  OperatorApiPorts,
  "roster" | "gateway" | "telemetryOverSince" | "clock"
>;

/** What hosts can be listed by; each from the least on, and those without one last. */
export const agentOrders = [
  ...(["enrolled", "hostname", "org", "version", "lastseen"] as const),
  ...(["mode", "bans", "held", "behind"] as const),
] as const;
export type AgentOrder = (typeof agentOrders)[number];

/** What a host is sorted by, and its id; null: it has none. */
export type AgentPlace = readonly [string | number | null, string];

/** Which hosts, and in which order. */
export interface AgentsOf {
  readonly query: Query<Fields> | undefined;
  readonly order: AgentOrder;
  readonly desc: boolean;
  readonly limit: number;
  readonly from: AgentPlace | undefined;
  /** What the older parameters ask for. */
  readonly isMeant: (row: RosterRow & SeenNow) => boolean;
}

/** What of a host changes without a record. */
export interface SeenNow {
  readonly state: ReturnType<typeof stateOf>;
  readonly unhealthy: boolean;
}

/** A page of hosts, by their ids. */
export interface AgentsFound {
  readonly ids: readonly string[];
  readonly total: number;
  /** The last one's place; null: there are no more. */
  readonly next: AgentPlace | null;
}

/** Finds hosts in the roster, in turns with all else. */
export async function agentsAsked(
  caller: Pick<Caller, "org">,
  asked: AgentsOf,
  ports: Ports,
): Promise<AgentsFound> {
  const { query, order, desc, isMeant } = asked;
  const isAskedFor = query
    ? matcherOf(query, gettersBy(ports), ports.clock.now())
    : () => true;
  const rows = await ports.roster.rows();
  const found: AgentPlace[] = [];
  for (let at = 0; at < rows.length; at += ROWS_A_TURN) {
    for (const row of rows.slice(at, at + ROWS_A_TURN)) {
      const isOwn = sees(caller, row.org);
      const isFound = isOwn && isMeant({ ...row, ...seenNow(row, ports) });
      if (isFound && isAskedFor(row)) found.push(placeOf(row, order, ports));
    }
    await nextTurn();
  }
  return pageOf(
    found.sort((a, b) => compared(a, b, desc)),
    asked,
  );
}

function pageOf(
  found: readonly AgentPlace[],
  { desc, limit, from }: AgentsOf,
): AgentsFound {
  const behind = from
    ? found.findIndex((each) => compared(each, from, desc) > 0)
    : 0;
  const begin = behind < 0 ? found.length : behind;
  const page = found.slice(begin, begin + limit);
  const isLast = begin + limit >= found.length;
  return {
    ids: page.map(([, id]) => id),
    total: found.length,
    next: isLast ? null : (page.at(-1) ?? null),
  };
}

/** Some 10 ms. */
const ROWS_A_TURN = 2_000;

const seenNow = (row: RosterRow, ports: Ports): SeenNow => ({
  state: stateOf(row, ports.gateway.isConnected(row.id)),
  unhealthy: troublesOf(row, ports).length > 0,
});

const troublesOf = (row: RosterRow, ports: Ports): readonly string[] =>
  troublesSeen(row, { overSince: (id) => ports.telemetryOverSince(id) });

const lastSeenOf = ({ id, lastSeen }: RosterRow, { gateway }: Ports) =>
  gateway.heardAt(id) ?? lastSeen;

function placeOf(row: RosterRow, order: AgentOrder, ports: Ports): AgentPlace {
  switch (order) {
    case "enrolled":
      return [row.enrolledAt, row.id];
    case "lastseen":
      // Who is connected is seen now, and does not move from page to page.
      return ports.gateway.isConnected(row.id)
        ? [Number.MAX_SAFE_INTEGER, row.id]
        : [lastSeenOf(row, ports), row.id];
    case "version":
      return [versionKey(row.version), row.id];
    default:
      return [row[order], row.id];
  }
}

/** "0.10.2" behind "0.9.0". */
const versionKey = (version: string): string =>
  version.replaceAll(/\d+/g, (digits) => digits.padStart(6, "0"));

function compared(
  [a, id]: AgentPlace,
  [b, otherId]: AgentPlace,
  desc: boolean,
): number {
  if (a === b) return id < otherId ? -1 : Number(id > otherId);
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b === desc ? 1 : -1;
}

const gettersBy = (ports: Ports): Getters<RosterRow, Fields> => ({
  org: ({ org }) => org,
  host: ({ hostname }) => hostname,
  id: ({ id }) => id,
  tag: ({ tags }) => tags,
  group: ({ groups }) => groups,
  state: (row) => seenNow(row, ports).state,
  mode: ({ mode }) => mode,
  behind: ({ behind }) => behind,
  unhealthy: (row) => seenNow(row, ports).unhealthy,
  health: (row) => troublesOf(row, ports),
  version: ({ version }) => version,
  system: ({ system }) => system,
  kernel: ({ kernel }) => kernel,
  arch: ({ arch }) => arch,
  protocol: ({ protocol }) => protocol,
  lastseen: (row) => lastSeenOf(row, ports),
  enrolled: ({ enrolledAt }) => enrolledAt,
  bans: ({ bans }) => bans,
  observed: ({ observed }) => observed,
  held: ({ held }) => held,
});
