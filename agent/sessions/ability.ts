import { askForStatistics } from "../netlink/conntrack.js";
import { AF_INET } from "../netlink/constants.js";
import { NetlinkError } from "../netlink/error.js";
import { anyMark } from "../netlink/inet-filter.js";
import {
  destroySocket,
  IPPROTO_TCP,
  IPPROTO_UDP,
  listSockets,
  NO_SOCKET,
} from "../netlink/sock-diag.js";
import type { NetlinkSocket } from "../netlink/socket.js";
import { LibcError } from "../runtime/libc.js";

/** Whether this kernel lets us, and if not, what is missing. */
export type Can =
  { readonly can: true } | { readonly can: false; readonly why: string };

/** Which sessions this host can cut. */
export interface Ability {
  /** Sockets of this host: TCP, and connected UDP. */
  readonly tcp: Can;
  readonly udp: Can;
  /** Entries of connection tracking, those of forwarded sessions among them. */
  readonly flows: Can;
}

/** Asks the kernel, by requests that change nothing. */
export function askAbility(open: {
  readonly diag: () => NetlinkSocket;
  readonly netfilter: () => NetlinkSocket;
}): Ability {
  return {
    tcp: found(open.diag, (socket) => askForSockets(socket, IPPROTO_TCP)),
    udp: found(open.diag, (socket) => askForSockets(socket, IPPROTO_UDP)),
    flows: found(open.netfilter, askForFlows),
  };
}

/** What the code of a refused destruction of nobody's socket says. */
export function canDestroy(code: string | undefined): Can {
  // Nobody has such a socket: a kernel that looked for it can destroy.
  if (code === undefined || code === "ENOENT") return CAN;
  return NOT_SUPPORTED.has(code)
    ? cannot("the kernel was built without CONFIG_INET_DIAG_DESTROY")
    : cannot(refusalText(code, "socket diagnosis"));
}

/** What the code of a refused list says; undefined where it was not refused. */
export function canList(code: string | undefined, what: string): Can {
  return code === undefined ? CAN : cannot(refusalText(code, what));
}

function found(
  open: () => NetlinkSocket,
  ask: (socket: NetlinkSocket) => Can,
): Can {
  try {
    using socket = open();
    return ask(socket);
  } catch (error) {
    if (error instanceof LibcError || error instanceof NetlinkError) {
      return cannot(refusalText(error.code, "such netlink sockets"));
    }
    throw error;
  }
}

function askForSockets(socket: NetlinkSocket, protocol: number): Can {
  const name = protocol === IPPROTO_TCP ? "TCP" : "UDP";
  const listed = canList(askForRights(socket, protocol), `${name} diagnosis`);
  if (!listed.can) return listed;
  const [answer] = socket.exchange("destroy nobody's socket", (w) =>
    destroySocket(w, protocol, NO_SOCKET),
  );
  return canDestroy(answer instanceof NetlinkError ? answer.code : undefined);
}

/**
 * A destruction is refused for want of rights only once the socket is found, so
 * that is asked for by a list of no states, with a filter that takes the rights.
 */
function askForRights(
  socket: NetlinkSocket,
  protocol: number,
): string | undefined {
  const query = { family: AF_INET, protocol, states: [], filter: anyMark() };
  try {
    Array.from(
      socket.dump("ask for socket diagnosis", (w) => listSockets(w, query)),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    // Kernels before 4.10 know no such filter.
    return error.code === "EINVAL" ? undefined : error.code;
  }
}

function askForFlows(socket: NetlinkSocket): Can {
  const [answer] = socket.exchange("ask for ctnetlink", askForStatistics);
  const code = answer instanceof NetlinkError ? answer.code : undefined;
  return canList(code, "ctnetlink");
}

function refusalText(code: string, what: string): string {
  return code === "EPERM"
    ? "the process lacks CAP_NET_ADMIN"
    : `the kernel has no ${what} (${code})`;
}

function cannot(why: string): Can {
  return { can: false, why };
}

const CAN: Can = { can: true };

/** Two names of one number. */
const NOT_SUPPORTED = new Set(["EOPNOTSUPP", "ENOTSUP"]);
