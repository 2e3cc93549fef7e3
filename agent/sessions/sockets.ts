import { AF_INET, AF_INET6 } from "../netlink/constants.js";
import { remoteIn } from "../netlink/inet-filter.js";
import {
  destroySocket,
  IPPROTO_TCP,
  IPPROTO_UDP,
  listSockets,
  remoteAddress,
  socketOf,
  STATE,
  type Endpoint,
  type SocketInfo,
  type SocketQuery,
} from "../netlink/sock-diag.js";
import type { LazySocket, Tally } from "./lazy-socket.js";
import { isSuspect, sift, type Candidate, type Search } from "./search.js";

/** A socket of this host whose remote address is banned. */
export interface DoomedSocket {
  readonly protocol: "tcp" | "udp";
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** What /proc/PID/fd names the socket by; 0 while no process has it. */
  readonly inode: number;
  /**
   * Who began: told by the state of a handshake, or by a socket that listens on
   * the local port; else taken from the port numbers.
   */
  readonly openedBy: "us" | "them" | "unknown";
}

/**
 * Hears of sockets before they are destroyed, while a process still has them;
 * they are destroyed once it returns, and also when it fails.
 */
export type SocketObserver = (
  sockets: readonly DoomedSocket[],
) => Promise<void> | void;

export interface SocketTask {
  readonly netlink: LazySocket;
  readonly protocol: "tcp" | "udp";
  readonly observe: SocketObserver | undefined;
}

/** Destroys the sockets that a search finds; `more` may be left. */
export async function cutSockets(
  { netlink, protocol, observe }: SocketTask,
  search: Search,
): Promise<Tally & { readonly more: boolean }> {
  const { kept, more } = await sift(
    candidates(netlink, protocol, search),
    search.isDropped,
  );
  const unobserved = await failureOf(async () => {
    if (observe === undefined || kept.length === 0) return;
    const listening = await listeningPorts(netlink, protocol);
    await observe(kept.map((it) => doomed(it, protocol, listening)));
  });
  const tally = await netlink.forEach(
    "destroy a banned session's socket",
    kept,
    (socket) => (w) => destroySocket(w, NUMBER[protocol], socket),
  );
  return { ...tally, refused: tally.refused ?? unobserved, more };
}

/** Returned, not thrown: a session is cut also when looking whose it is failed. */
async function failureOf(task: () => Promise<void>): Promise<unknown> {
  try {
    await task();
    return undefined;
  } catch (error) {
    return error ?? new Error("an observer failed");
  }
}

async function* candidates(
  netlink: LazySocket,
  protocol: "tcp" | "udp",
  search: Search,
): AsyncGenerator<Candidate<SocketInfo>, void> {
  const { suspects } = search;
  for (const query of queriesFor(protocol, suspects.ranges)) {
    yield* netlink.list(
      "list sockets",
      (w) => listSockets(w, query),
      (message) => {
        if (!isSuspect(search, remoteAddress(message))) return undefined;
        const session = socketOf(message);
        return { session, remotes: [session.remote.address] };
      },
    );
  }
}

/** Few ranges are looked for by the kernel, many by ourselves. */
function queriesFor(
  protocol: "tcp" | "udp",
  ranges: Search["suspects"]["ranges"],
): SocketQuery[] {
  const shared = { protocol: NUMBER[protocol], states: CONNECTED[protocol] };
  const both = [AF_INET, AF_INET6].map((family) => ({ ...shared, family }));
  if (ranges === undefined || ranges.length > MOST_BY_KERNEL) return both;
  return both.flatMap((query) => {
    const sought = ranges.filter(
      ({ family }) => family === 4 || query.family === AF_INET6,
    );
    if (sought.length === 0) return [];
    return [{ ...query, filter: remoteIn(sought) }];
  });
}

/** The ports that TCP sockets of this host listen on; none for UDP. */
export async function listeningPorts(
  netlink: LazySocket,
  protocol: "tcp" | "udp",
): Promise<ReadonlySet<number>> {
  const ports = new Set<number>();
  if (protocol === "udp") return ports;
  const states = [STATE.LISTEN];
  for (const family of [AF_INET, AF_INET6]) {
    const query = { family, protocol: IPPROTO_TCP, states };
    const listed = netlink.list(
      "list listening sockets",
      (w) => listSockets(w, query),
      (message) => socketOf(message).local.port,
    );
    for await (const port of listed) ports.add(port);
  }
  return ports;
}

function doomed(
  socket: SocketInfo,
  protocol: "tcp" | "udp",
  listening: ReadonlySet<number>,
): DoomedSocket {
  const { local, remote, inode } = socket;
  const openedBy = openerOf(socket, listening);
  return { protocol, local, remote, inode, openedBy };
}

/** Who began; see `DoomedSocket`. */
export function openerOf(
  { state, local, remote }: Pick<SocketInfo, "state" | "local" | "remote">,
  listening: ReadonlySet<number>,
): DoomedSocket["openedBy"] {
  if (state === STATE.SYN_SENT) return "us";
  if (state === STATE.SYN_RECV || listening.has(local.port)) return "them";
  const ours = local.port >= FIRST_DRAWN && remote.port < FIRST_DRAWN;
  return ours ? "us" : "unknown";
}

const NUMBER = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP } as const;

/**
 * States that belong to a session. Sockets that listen, and UDP sockets that
 * speak with everybody, belong to nobody in particular and are never cut.
 */
const CONNECTED = {
  tcp: [
    ...[STATE.ESTABLISHED, STATE.SYN_SENT, STATE.SYN_RECV],
    ...[STATE.FIN_WAIT1, STATE.FIN_WAIT2, STATE.CLOSING],
    ...[STATE.CLOSE_WAIT, STATE.LAST_ACK],
  ],
  udp: [STATE.ESTABLISHED],
} as const;

/** The kernel takes some 5 ns for each, and for each socket. */
const MOST_BY_KERNEL = 64;

/** Ports from here on are drawn for who asks for none, unless configured. */
const FIRST_DRAWN = 32_768;
