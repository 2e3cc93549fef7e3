import type { Clock } from "../../../agent/runtime/clock.js";
import { stateOf, troublesSeen } from "../../fleet/host-state.js";
import type { RosterRow } from "../../fleet/roster-row.js";
import type { Caller } from "../../operators/caller.js";
import type { AGENTS } from "../../query/lists/agents.js";
import { matcherOf, type Getters } from "../../query/match.js";
import type { FieldsOf, Query } from "../../query/query.js";
import type { Turns } from "../../rate/turns.js";
import type { OperatorApiPorts } from "../ports.js";
import { sees } from "../scope.js";
import { FirstOf } from "./first-of.js";

type Fields = FieldsOf<typeof AGENTS>;
interface Ports extends Pick<
  OperatorApiPorts,
  "roster" | "telemetryOverSince"
> {
  readonly gateway: Pick<
    OperatorApiPorts["gateway"],
    "isConnected" | "heardAt"
  >;
  readonly clock: Pick<Clock, "now">;
}

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
  /** What the older parameters ask for; what is seen now is looked at if asked. */
  readonly isMeant: (row: RosterRow, seen: () => SeenNow) => boolean;
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

/**
 * Finds hosts in the roster, in turns with all else.
 * @throws GivenUp
 */
export async function agentsAsked(
  caller: Pick<Caller, "org">,
  asked: AgentsOf,
  ports: Ports,
  turns: Turns,
): Promise<AgentsFound> {
  const { query, order, desc, limit, from, isMeant } = asked;
  const isAskedFor = query
    ? matcherOf(query, gettersBy(ports), ports.clock.now())
    : () => true;
  const inOrder = (a: AgentPlace, b: AgentPlace) => compared(a, b, desc);
  const page = new FirstOf(limit, inOrder);
  let total = 0;
  for (const row of await ports.roster.rows()) {
    // How long one takes is up to the query.
    if (turns.isOver) await turns.next();
    if (!sees(caller, row.org)) continue;
    if (!isMeant(row, () => seenNow(row, ports))) continue;
    if (!isAskedFor(row)) continue;
    total += 1;
    const place = placeOf(row, order, ports);
    if (!from || inOrder(place, from) > 0) page.take(place);
  }
  const last = page.kept.at(-1) ?? null;
  const ids = page.kept.map(([, id]) => id);
  return { ids, total, next: page.hasMore ? last : null };
}

const stateNow = (row: RosterRow, { gateway }: Ports): SeenNow["state"] =>
  stateOf(row, gateway.isConnected(row.id));

const seenNow = (row: RosterRow, ports: Ports): SeenNow => ({
  state: stateNow(row, ports),
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
  state: (row) => stateNow(row, ports),
  mode: ({ mode }) => mode,
  behind: ({ behind }) => behind,
  unhealthy: (row) => troublesOf(row, ports).length > 0,
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
