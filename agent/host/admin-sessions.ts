import { cidrOf, formatCidr, type Cidr } from "../model/cidr.js";
import { AF_INET, AF_INET6 } from "../netlink/constants.js";
import { localPortIn } from "../netlink/inet-filter.js";
import {
  IPPROTO_TCP,
  listSockets,
  remoteAddress,
  socketOf,
  STATE,
} from "../netlink/sock-diag.js";
import type { NetlinkSocket } from "../netlink/socket.js";

/** Which sockets logged-in users are served by, as far as that can be seen. */
export interface SocketsOfLogins {
  /** Of these sockets, by their inodes. */
  serving(inodes: ReadonlySet<number>): Promise<ReadonlySet<number>>;
}

/**
 * Who administers this host from afar: the peers of connections to its
 * administrative ports whom somebody vouches for, a record of a login from that
 * address or sshd's process that serves it. A connection alone is no more than
 * what an attacker has, however long it lasts.
 */
export class AdminSessions {
  readonly #ports: readonly number[];
  readonly #logins: SocketsOfLogins;
  /** Connections that were once seen to serve a login, by their cookies. */
  #proven: ReadonlySet<string> = new Set();

  constructor(ports: readonly number[], logins: SocketsOfLogins) {
    this.#ports = ports;
    this.#logins = logins;
  }

  /** Reads the connections from a NETLINK_SOCK_DIAG socket. */
  async peers(
    socket: NetlinkSocket,
    recorded: readonly Cidr[],
  ): Promise<readonly Cidr[]> {
    const known = new Set(recorded.map(formatCidr));
    const { vouched, others } = this.#connections(socket, known);
    const inodes = new Set(others.map(({ inode }) => inode));
    const serving = await this.#logins.serving(inodes);
    const proven = new Set<string>();
    for (const { name, cookie, inode } of others) {
      if (!serving.has(inode) && !this.#proven.has(cookie)) continue;
      proven.add(cookie);
      vouched.add(name);
    }
    this.#proven = proven;
    return [...vouched.values()];
  }

  /** Records are looked at first: no flood of connections hides a login. */
  #connections(socket: NetlinkSocket, known: ReadonlySet<string>) {
    const vouched = new Peers();
    const others: Connection[] = [];
    for (const family of this.#ports.length === 0 ? [] : FAMILIES) {
      const found = socket.list(
        "list administrative sessions",
        (w) => {
          const filter = localPortIn(this.#ports);
          const states = [STATE.ESTABLISHED];
          listSockets(w, { family, protocol: IPPROTO_TCP, states, filter });
        },
        (message): Connection[] => {
          const address = remoteAddress(message);
          const name = cidrOf(Uint8Array.from(address), address.length * 8);
          if (known.has(formatCidr(name))) vouched.add(name);
          else if (others.length < MOST_CONNECTIONS) {
            const { id, inode } = socketOf(message);
            const cookie = Buffer.from(id).toString("hex");
            return [{ name, cookie, inode }];
          }
          return [];
        },
      );
      others.push(...found.slice(0, MOST_CONNECTIONS - others.length));
    }
    return { vouched, others };
  }
}

interface Connection {
  readonly name: Cidr;
  readonly cookie: string;
  readonly inode: number;
}

/** Each address once, and no more than the kernel is to hold. */
class Peers {
  readonly #found = new Map<string, Cidr>();

  add(peer: Cidr): void {
    if (this.#found.size < MOST_PEERS) this.#found.set(formatCidr(peer), peer);
  }

  values(): Iterable<Cidr> {
    return this.#found.values();
  }
}

const FAMILIES = [AF_INET, AF_INET6] as const;

/** As many are asked for at a time; sshd itself serves far fewer. */
const MOST_CONNECTIONS = 4_096;
const MOST_PEERS = 256;
