import {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_SOCK_DIAG,
} from "../netlink/constants.js";
import { readAddresses } from "../netlink/route.js";
import { NetlinkSocket } from "../netlink/socket.js";
import type { Libc } from "../runtime/libc.js";
import { Mutex } from "../runtime/mutex.js";
import { messageOf } from "../text/message.js";
import { askAbility, type Ability } from "./ability.js";
import { AddressSet, CidrSet, type Suspect } from "./cidr-set.js";
import { cutFlows } from "./flows.js";
import { LazySocket, type Tally } from "./lazy-socket.js";
import type { IsDropped, Search } from "./search.js";
import { cutSockets, type SocketObserver } from "./sockets.js";

/** How many sessions were cut. */
export interface Cut {
  readonly sockets: number;
  /** Entries of connection tracking. */
  readonly flows: number;
}

/** Some sessions stay open; their packets are dropped all the same. */
export class NotCut extends Error {
  override readonly name = "NotCut";

  constructor(
    /** What was cut nevertheless. */
    readonly done: Cut,
    readonly causes: readonly unknown[],
  ) {
    const [first] = causes;
    const why = messageOf(first);
    super(`open sessions could not be cut: ${why}`, { cause: first });
  }
}

/**
 * The sessions that this host has open or forwards: its sockets, and what it
 * tracks of connections. Sockets in other network namespaces are out of reach;
 * their connections are tracked here where they are forwarded.
 */
export class Sessions implements Disposable {
  /** Asked once: it does not change while the host is up. */
  readonly ability: Ability;
  readonly #libc: Libc;
  readonly #diag: LazySocket;
  readonly #netfilter: LazySocket;
  readonly #observe: SocketObserver | undefined;
  readonly #turns = new Mutex();

  constructor(libc: Libc, observe?: SocketObserver) {
    this.#libc = libc;
    this.#observe = observe;
    const diag = () => new NetlinkSocket(libc, NETLINK_SOCK_DIAG);
    const netfilter = () => new NetlinkSocket(libc, NETLINK_NETFILTER);
    this.ability = askAbility({ diag, netfilter });
    this.#diag = new LazySocket(diag);
    this.#netfilter = new LazySocket(netfilter);
  }

  /**
   * Ends the sessions with addresses in the suspect ranges that `isDropped` says
   * are dropped: TCP and connected UDP sockets are destroyed, then entries of
   * connection tracking deleted. What this kernel cannot is left out, and what
   * is between this host and itself is never touched. One run at a time.
   * @throws NotCut when something failed that `ability` did not foretell
   */
  cut(suspect: Suspect, isDropped: IsDropped): Promise<Cut> {
    return this.#turns.run(() => this.#cut(suspect, isDropped));
  }

  [Symbol.dispose](): void {
    this.#diag[Symbol.dispose]();
    this.#netfilter[Symbol.dispose]();
  }

  async #cut(suspect: Suspect, isDropped: IsDropped): Promise<Cut> {
    const { tcp, udp, flows } = this.ability;
    const search: Search = {
      suspects: new CidrSet(suspect),
      own: this.#ownAddresses(),
      isDropped,
    };
    const cutOf = (protocol: "tcp" | "udp") => () =>
      cutSockets(
        { netlink: this.#diag, protocol, observe: this.#observe },
        search,
      );
    const failures: unknown[] = [];
    const run = (part: () => Promise<Part>) => untilNone(part, failures);
    let sockets = 0;
    if (tcp.can) sockets += await run(cutOf("tcp"));
    if (udp.can) sockets += await run(cutOf("udp"));
    // After the sockets: what those still send would be tracked anew.
    const entries = flows.can
      ? await run(() => cutFlows(this.#netfilter, search))
      : 0;
    const done = { sockets, flows: entries };
    if (failures.length > 0) throw new NotCut(done, failures);
    return done;
  }

  #ownAddresses(): AddressSet {
    using socket = new NetlinkSocket(this.#libc, NETLINK_ROUTE);
    return new AddressSet(readAddresses(socket).map((it) => it.address));
  }
}

type Part = Tally & { readonly more: boolean };

/** Cuts bounded parts until nothing is left, or nothing comes of it any more. */
async function untilNone(
  part: () => Promise<Part>,
  failures: unknown[],
): Promise<number> {
  let total = 0;
  try {
    for (let done = 1; done <= MOST_PARTS; done++) {
      const { granted, refused, more } = await part();
      total += granted;
      if (refused !== undefined) failures.push(refused);
      if (!more || granted === 0) break;
    }
  } catch (error) {
    failures.push(error);
  }
  return total;
}

/**
 * A million sessions. Kernels before 6.11 grant the destruction of what its
 * process has closed already, and keep it: that must not go on for ever.
 */
const MOST_PARTS = 64;
