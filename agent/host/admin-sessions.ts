import { formatCidr, cidrOf, type Cidr } from "../model/cidr.js";
import { AF_INET, AF_INET6 } from "../netlink/constants.js";
import { localPortIn } from "../netlink/inet-filter.js";
import {
  IPPROTO_TCP,
  listSockets,
  socketOf,
  STATE,
  type SocketInfo,
} from "../netlink/sock-diag.js";
import type { NetlinkSocket } from "../netlink/socket.js";
import type { Clock } from "../clock.js";
import { addressesOf } from "./named.js";
import type { Named } from "./small-files.js";

export interface SessionSettings {
  /** TCP ports that this host is administered over. */
  readonly ports: readonly number[];
  /** How long a connection without a known login must last to count. */
  readonly afterSeconds: number;
}

/**
 * Who administers this host from afar: the peers of connections to sshd that a
 * login is known of, or that last longer than sshd lets anybody stay who has not
 * logged in. A connection alone is no more than what an attacker has.
 */
export class AdminSessions {
  readonly #settings: SessionSettings;
  readonly #clock: Clock;
  /** When each connection was first seen, by its cookie. */
  #since: ReadonlyMap<string, number> = new Map();

  constructor(settings: SessionSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Reads the connections from a NETLINK_SOCK_DIAG socket. */
  peers(socket: NetlinkSocket, logins: readonly Cidr[]): readonly Cidr[] {
    const now = this.#clock.monotonic();
    const known = new Set(logins.map(formatCidr));
    const since = new Map<string, number>();
    const peers = new Map<string, Cidr>();
    for (const { id, remote } of this.#connections(socket)) {
      if (since.size === MOST_CONNECTIONS || peers.size === MOST_PEERS) break;
      const cookie = Buffer.from(id).toString("hex");
      const first = this.#since.get(cookie) ?? now;
      since.set(cookie, first);
      const peer = cidrOf(remote.address, remote.address.length * 8);
      const name = formatCidr(peer);
      const lasts = now - first >= this.#settings.afterSeconds * 1000;
      if (lasts || known.has(name)) peers.set(name, peer);
    }
    this.#since = since;
    return [...peers.values()];
  }

  #connections(socket: NetlinkSocket): readonly SocketInfo[] {
    const { ports } = this.#settings;
    if (ports.length === 0) return [];
    return [AF_INET, AF_INET6].flatMap((family) =>
      socket.list(
        "list administrative sessions",
        (w) => {
          const states = [STATE.ESTABLISHED];
          const filter = localPortIn(ports);
          listSockets(w, { family, protocol: IPPROTO_TCP, states, filter });
        },
        (message) => [socketOf(message)],
      ),
    );
  }
}

/** Where a session of systemd-logind's came from, if from afar. */
export function loginIn(bytes: Buffer): Named {
  const text = bytes.toString("latin1");
  const isRemote = /^REMOTE=1$/m.test(text) && /^SERVICE=sshd$/m.test(text);
  const host = /^REMOTE_HOST=(.*)$/m.exec(text)?.[1]?.trim();
  if (!isRemote || host === undefined) return NOBODY;
  // sshd may be set to tell names, which nobody looks up here.
  return { cidrs: addressesOf([host]).cidrs, problem: undefined };
}

const NOBODY: Named = { cidrs: [], problem: undefined };

/** The next connection beyond these is of somebody who has not been seen yet. */
const MOST_CONNECTIONS = 4_096;
const MOST_PEERS = 256;
