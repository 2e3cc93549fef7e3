import type { HostFacts } from "../guard/facts.js";
import { cidrOf, formatCidr, type Cidr } from "../model/cidr.js";
import { NETLINK_ROUTE, NETLINK_SOCK_DIAG } from "../netlink/constants.js";
import { readAddresses, readGateways } from "../netlink/route.js";
import { NetlinkSocket } from "../netlink/socket.js";
import { loadLibc } from "../runtime/libc.js";
import { AdminSessions } from "./admin-sessions.js";
import { loginIn, loginsIn } from "./logins.js";
import {
  addressesOf,
  resolversIn,
  serverInMessage,
  serversInAssignments,
  serversInDhclient,
} from "./named.js";
import { SmallFiles } from "./small-files.js";
import { SshProcesses } from "./ssh-processes.js";

export interface HostReaderOptions {
  /** TCP ports that this host is administered over. */
  readonly adminPorts: readonly number[];
  /** A file of this host can't be read, or not all of it. */
  readonly unreadable: (path: string, why: unknown) => void;
  /** What stands before every path; for other roots than this host's. */
  readonly root?: string;
}

/** What this host says; what its operator and its customer said is in the ledger. */
export type ReadFacts = Omit<HostFacts, "released" | "allowed" | "ownBans">;

/**
 * Reads what this host must be able to reach: from the kernel and from files of
 * other programs, which needs no network.
 */
export class HostReader {
  readonly #files: SmallFiles;
  readonly #ssh: SshProcesses;
  readonly #sessions: AdminSessions;
  readonly #root: string;

  constructor({ adminPorts, unreadable, root = "" }: HostReaderOptions) {
    this.#files = new SmallFiles(unreadable);
    this.#ssh = new SshProcesses(`${root}/proc`);
    this.#sessions = new AdminSessions(adminPorts, this.#ssh);
    this.#root = root;
  }

  /** `cloud` is where the cloud is known to be, as text. */
  async read(cloud: readonly string[]): Promise<ReadFacts> {
    const libc = await loadLibc();
    const resolvers = distinct(await this.resolvers());
    const dhcpServers = distinct(await this.dhcpServers());
    const logins = await this.logins();
    using routes = new NetlinkSocket(libc, NETLINK_ROUTE);
    using sockets = new NetlinkSocket(libc, NETLINK_SOCK_DIAG);
    return {
      own: readAddresses(routes).map(({ address }) => single(address)),
      gateways: readGateways(routes).map(({ address }) => single(address)),
      resolvers,
      dhcpServers,
      sessions: await this.#sessions.peers(sockets, logins),
      cloud: distinct(cloud.flatMap((text) => addressesOf([text]).cidrs)),
    };
  }

  /** Those that programs ask, and those that a local resolver asks for them. */
  async resolvers(): Promise<readonly Cidr[]> {
    const read = (path: string) =>
      this.#files.read(this.#root + path, resolversIn);
    return [
      ...(await read("/etc/resolv.conf")),
      ...(await read("/run/systemd/resolve/resolv.conf")),
    ];
  }

  async dhcpServers(): Promise<readonly Cidr[]> {
    const found: Cidr[] = [];
    for (const { folder, pattern, parse } of LEASES) {
      const path = this.#root + folder;
      found.push(...(await this.#files.readFolder(path, pattern, parse)));
    }
    return found;
  }

  /** Whence users are logged in, as logind and utmp have recorded it. */
  async logins(): Promise<readonly Cidr[]> {
    const folder = `${this.#root}/run/systemd/sessions`;
    const isSshd = (pid: number) => this.#ssh.isSshd(pid);
    return [
      ...(await this.#files.readFolder(
        folder,
        SESSION,
        loginIn,
        MOST_SESSIONS,
      )),
      ...(await this.#files.read(`${this.#root}${UTMP}`, loginsIn(isSshd))),
    ];
  }
}

/** Where DHCP clients keep what they were given. */
const LEASES = [
  {
    folder: "/run/systemd/netif/leases",
    pattern: /^\d+$/,
    parse: serversInAssignments,
  },
  {
    folder: "/var/lib/NetworkManager",
    pattern: /^internal-.*\.lease$/,
    parse: serversInAssignments,
  },
  {
    folder: "/var/lib/dhcp",
    pattern: /^dhclient.*\.leases$/,
    parse: serversInDhclient,
  },
  {
    folder: "/var/lib/NetworkManager",
    pattern: /^dhclient-.*\.lease$/,
    parse: serversInDhclient,
  },
  {
    folder: "/var/lib/dhcpcd",
    pattern: /\.lease$/,
    parse: serverInMessage,
  },
] as const;

const SESSION = /^c?\d+$/;
/** Where many people work at once. */
const MOST_SESSIONS = 1_024;

const UTMP = "/run/utmp";

const distinct = (cidrs: readonly Cidr[]): readonly Cidr[] => [
  ...new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr])).values(),
];

function single(address: Uint8Array): Cidr {
  return cidrOf(address, address.length * 8);
}
