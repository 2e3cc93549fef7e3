import type { AgentView } from "../../agent/agent.js";
import type { Remembered } from "../../agent/attribution/contacts.js";
import type { HitList } from "../../agent/enforce/enforcer.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { Hit, Total } from "../../agent/model/hit.js";
import { countedAs, protocolName } from "../../agent/model/protocol-name.js";
import { Most } from "../../agent/telemetry/most.js";
import { isoTime } from "../../agent/text/time.js";

/** What one remote sent or was sent: at least so much, as the kernel counted. */
export interface HitView {
  /** An address; of what comes in over IPv6, its /64. */
  readonly remote: string;
  readonly direction: "in" | "out";
  /** On its way through this host, as to or from a container. */
  readonly forwarded: boolean;
  /** Let pass: its ban, or the whole host, only observes. */
  readonly observed: boolean;
  /** "tcp", "udp", "icmp", "ipv6-icmp" or "other". */
  readonly protocol: string;
  /** The port that all of its known callers called; 0 for any other case. */
  readonly port: number;
  readonly packets: number;
  readonly bytes: number;
  /** Who on this host sent them, as far as it was found; the latest first. */
  readonly callers: readonly CallerView[];
}

/** All packets that bans matched, whether or not their remotes are listed. */
export interface TotalsView {
  readonly dropped: Sum;
  readonly observed: Sum;
}

interface Sum {
  readonly packets: number;
  readonly bytes: number;
}

/** A process of this host that called a banned address. */
export interface CallerView {
  readonly process: string | null;
  readonly pid: number | null;
  readonly program: string | null;
  readonly uid: number | null;
  readonly unit: string | null;
  readonly container: string | null;
  /** What it called there; 0 for protocols without ports. */
  readonly port: number;
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

/** Those with the most packets first, in memory bounded by the limit. */
export async function hitsOf(
  agent: Pick<AgentView, "hits" | "contacts">,
  { limit, out }: HitsQuery,
): Promise<readonly HitView[]> {
  const isAsked = ({ direction }: Hit) => !out || direction === "out";
  const hits = await mostOf(await agent.hits(), { limit, isAsked });
  const callers = callersByWay(agent.contacts().latest);
  return hits.map((hit) => hitView(hit, callers));
}

/** Those with the most packets of the hits that are asked for. */
export async function mostOf(
  hits: HitList,
  {
    limit,
    isAsked,
  }: { readonly limit: number; readonly isAsked: (hit: Hit) => boolean },
): Promise<readonly Hit[]> {
  const most = new Most<Hit>(limit, ({ packets }) => packets);
  for await (const some of hits) {
    for (const hit of some) if (isAsked(hit)) most.show(hit);
  }
  return most.kept();
}

export const totalsOf = (totals: readonly Total[]): TotalsView => ({
  dropped: sumOf(totals.filter(({ observed }) => !observed)),
  observed: sumOf(totals.filter(({ observed }) => observed)),
});

export const sumOf = (totals: readonly Sum[]): Sum => ({
  packets: totals.reduce((sum, { packets }) => sum + packets, 0),
  bytes: totals.reduce((sum, { bytes }) => sum + bytes, 0),
});

export function hitView(
  hit: Hit,
  callers: ReadonlyMap<string, readonly CallerView[]>,
): HitView {
  const { direction, forwarded, observed, packets, bytes } = hit;
  const known = direction === "out" ? (callers.get(wayOf(hit)) ?? []) : [];
  return {
    remote: formatCidr(hit.remote),
    ...{ direction, forwarded, observed },
    protocol: protocolName(hit.protocol),
    ...{ port: portOf(known), packets, bytes },
    callers: known,
  };
}

/** Hits are counted by remote: what was called, only its callers tell. */
function portOf(callers: readonly CallerView[]): number {
  const ports = new Set(callers.map(({ port }) => port));
  const [port = 0] = ports;
  return ports.size === 1 ? port : 0;
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

function callerView(contact: Remembered): CallerView {
  const { caller, port, begun, lastSeen } = contact;
  const { process, uid, unit, container } = caller;
  return {
    process: process?.name ?? null,
    pid: process?.pid ?? null,
    program: process?.program ?? null,
    uid: uid ?? null,
    unit: unit ?? null,
    container: container ?? null,
    ...{ port, begun },
    lastSeen: isoTime(lastSeen),
  };
}

type Way = Pick<Hit, "remote" | "protocol" | "forwarded" | "observed">;

const wayOf = ({ remote, protocol, forwarded, observed }: Way): string =>
  [formatCidr(remote), countedAs(protocol), forwarded, observed].join(" ");

/** Of one remote address. */
const MOST_CALLERS = 16;
