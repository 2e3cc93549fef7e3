import type { AgentView } from "../agent/agent.js";
import type { Remembered } from "../agent/attribution/contacts.js";
import type { Hit } from "../agent/enforce/enforcer.js";
import { formatCidr } from "../agent/model/cidr.js";
import { protocolName } from "../agent/model/protocol-name.js";

/** What one remote address sent or was sent, as the kernel counted it. */
export interface HitView {
  readonly remote: string;
  readonly direction: "in" | "out";
  /** On its way through this host, as to or from a container. */
  readonly forwarded: boolean;
  /** Let pass: its ban, or the whole host, only observes. */
  readonly observed: boolean;
  /** "tcp", or the number of what has no common name. */
  readonly protocol: string;
  /** Destination port; 0 for protocols without. */
  readonly port: number;
  readonly packets: number;
  readonly bytes: number;
  /** Who on this host sent them, as far as it was found; the latest first. */
  readonly callers: readonly CallerView[];
}

/** A process of this host that called a banned address. */
export interface CallerView {
  readonly process: string | null;
  readonly pid: number | null;
  readonly program: string | null;
  readonly uid: number | null;
  readonly unit: string | null;
  readonly container: string | null;
  /** Whether this host began it. */
  readonly begun: boolean;
  /** ISO 8601. */
  readonly lastSeen: string;
}

export interface HitsQuery {
  readonly limit: number;
  /** Only what went out. */
  readonly out: boolean;
}

/** Those with the most packets first. */
export async function hitsOf(
  agent: Pick<AgentView, "hits" | "contacts">,
  { limit, out }: HitsQuery,
): Promise<readonly HitView[]> {
  const hits = await agent.hits();
  const callers = callersByWay(agent.contacts().latest);
  return hits
    .filter(({ direction }) => !out || direction === "out")
    .sort((a, b) => b.packets - a.packets)
    .slice(0, limit)
    .map((hit) => hitView(hit, callers));
}

export function hitView(
  hit: Hit,
  callers: ReadonlyMap<string, readonly CallerView[]>,
): HitView {
  const { direction, forwarded, observed, port, packets, bytes } = hit;
  return {
    remote: formatCidr(hit.remote),
    ...{ direction, forwarded, observed },
    protocol: protocolName(hit.protocol),
    ...{ port, packets, bytes },
    callers: direction === "out" ? (callers.get(wayOf(hit)) ?? []) : [],
  };
}

/** Callers by whom they called, as `hitView` looks them up. */
export function callersByWay(
  contacts: readonly Remembered[],
): ReadonlyMap<string, readonly CallerView[]> {
  const callers = new Map<string, CallerView[]>();
  for (const contact of contacts) {
    const way = wayOf(contact);
    const known = callers.get(way) ?? [];
    callers.set(way, known);
    if (known.length < MOST_CALLERS) known.push(callerView(contact));
  }
  return callers;
}

function callerView({ caller, begun, lastSeen }: Remembered): CallerView {
  const { process, uid, unit, container } = caller;
  return {
    process: process?.name ?? null,
    pid: process?.pid ?? null,
    program: process?.program ?? null,
    uid: uid ?? null,
    unit: unit ?? null,
    container: container ?? null,
    begun,
    lastSeen: new Date(lastSeen).toISOString(),
  };
}

type Way = Pick<Hit, "remote" | "protocol" | "port" | "forwarded" | "observed">;

const wayOf = ({ remote, protocol, port, forwarded, observed }: Way): string =>
  [formatCidr(remote), protocol, port, forwarded, observed].join(" ");

/** Of one remote address and port. */
const MOST_CALLERS = 16;
