import {
  addressesOfFlow,
  askForStatistics,
  courseOf,
  flowCount as trackedCount,
  listFlows,
} from "../netlink/conntrack.js";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_SOCK_DIAG,
} from "../netlink/constants.js";
import { NetlinkError } from "../netlink/error.js";
import type { Message } from "../netlink/message.js";
import { readAddresses } from "../netlink/route.js";
import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  listSockets,
  remoteAddress,
  socketOf,
  STATE,
} from "../netlink/sock-diag.js";
import { NetlinkSocket, type Fill } from "../netlink/socket.js";
import type { Clock } from "../runtime/clock.js";
import { LibcError, type Libc } from "../runtime/libc.js";
import { Mutex } from "../runtime/mutex.js";
import { AddressSet, addressKey, CidrSet } from "./cidr-set.js";
import { LazySocket } from "./lazy-socket.js";
import { isSuspect } from "./search.js";
import { listeningPorts, openerOf } from "./sockets.js";

/** One end of a flow that is not this host. */
export interface FlowEnd {
  /** 4 or 16 bytes in network order; good only while it is told of. */
  readonly address: Uint8Array;
  /** Whether this end was called, and not the one who called. */
  readonly called: boolean;
}

/** A flow that is open: one end for a socket of this host, two if forwarded. */
export interface OpenFlow {
  readonly ends: readonly FlowEnd[];
  readonly protocol: number;
  /** Whether this host began it, or one behind it whose source it rewrites. */
  readonly begunHere: boolean;
}

export type SawFlow = (flow: OpenFlow) => void;

/** Established TCP connections with others, forwarded ones included. */
export interface FlowCount {
  readonly begunHere: number;
  readonly total: number;
}

/**
 * Reads which flows are open with somebody else: TCP connections that are
 * established, UDP sockets that speak with one address, and what is forwarded,
 * as far as the kernel tracks it. Changes nothing.
 */
export class OpenFlows implements AsyncDisposable {
  readonly #libc: Libc;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #diag: LazySocket;
  readonly #netfilter: LazySocket;
  readonly #turns = new Mutex();

  constructor(libc: Libc, clock: Pick<Clock, "monotonic">) {
    this.#libc = libc;
    this.#clock = clock;
    this.#diag = new LazySocket(
      () => new NetlinkSocket(libc, NETLINK_SOCK_DIAG),
    );
    this.#netfilter = new LazySocket(
      () => new NetlinkSocket(libc, NETLINK_NETFILTER),
    );
  }

  /**
   * Tells of each flow once; the event loop gets its turns in between. Reads at
   * most `MOST_FLOWS`, for at most `LONGEST_MS`. One look at a time.
   * @returns whether that was all: false where there may be more
   */
  look(saw: SawFlow): Promise<boolean> {
    return this.#turns.run(() => this.#look(saw));
  }

  /** So many are open now, at least. */
  async flowCount(): Promise<FlowCount> {
    let begunHere = 0;
    let total = 0;
    await this.look((flow) => {
      if (flow.protocol !== IPPROTO_TCP) return;
      total += 1;
      if (flow.begunHere) begunHere += 1;
    });
    return { begunHere, total };
  }

  /** Waits for the look under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.idle();
    this.#diag[Symbol.dispose]();
    this.#netfilter[Symbol.dispose]();
  }

  async #look(saw: SawFlow): Promise<boolean> {
    const own = this.#ownAddresses();
    const isOther = (address: Uint8Array) =>
      isSuspect({ suspects: EVERYBODY, own }, address);
    const task = { isOther, saw, spent: this.#budget() };
    for (const protocol of [IPPROTO_TCP, IPPROTO_UDP] as const) {
      if (!(await this.#lookAtSockets(protocol, task))) return false;
    }
    return this.#lookAtTracked(task);
  }

  async #lookAtSockets(
    protocol: typeof IPPROTO_TCP | typeof IPPROTO_UDP,
    { isOther, saw, spent }: Task,
  ): Promise<boolean> {
    const name = protocol === IPPROTO_TCP ? "tcp" : "udp";
    const listening = await listeningPorts(this.#diag, name);
    const states = [STATE.ESTABLISHED];
    for (const family of [AF_INET, AF_INET6]) {
      const fill: Fill = (w) => listSockets(w, { family, protocol, states });
      const whole = await readAll(
        this.#diag.list("list open sockets", fill, (message) => {
          const address = remoteAddress(message);
          if (isOther(address)) {
            const called = openerOf(socketOf(message), listening) === "us";
            saw({ ends: [{ address, called }], protocol, begunHere: called });
          }
          return spent();
        }),
      );
      if (!whole) return false;
    }
    return true;
  }

  /** Whoever may not ask, or asks a kernel that tracks nothing, sees no further. */
  async #lookAtTracked({ isOther, saw, spent }: Task): Promise<boolean> {
    try {
      const counted = this.#netfilter.ask("count flows", askForStatistics);
      if (trackedCount(counted) === 0) return true;
      const fill: Fill = (w) => listFlows(w, AF_UNSPEC);
      return await readAll(
        this.#netfilter.list("list flows", fill, (message) => {
          const flow = forwardedIn(message, isOther);
          if (flow !== undefined) saw(flow);
          return spent();
        }),
      );
    } catch (error) {
      const refused = error instanceof NetlinkError;
      if (!refused && !(error instanceof LibcError)) throw error;
      return false;
    }
  }

  /** True once it is enough. */
  #budget(): () => true | undefined {
    const deadline = this.#clock.monotonic() + LONGEST_MS;
    let flows = 0;
    return () => {
      flows += 1;
      const over = flows >= MOST_FLOWS || this.#clock.monotonic() > deadline;
      return over ? true : undefined;
    };
  }

  #ownAddresses(): AddressSet {
    using socket = new NetlinkSocket(this.#libc, NETLINK_ROUTE);
    return new AddressSet(readAddresses(socket).map((it) => it.address));
  }
}

interface Task {
  readonly isOther: (address: Uint8Array) => boolean;
  readonly saw: SawFlow;
  readonly spent: () => true | undefined;
}

/** Whether a list that yields once it is enough came to its end before. */
async function readAll(listed: AsyncIterable<true>): Promise<boolean> {
  for await (const _enough of listed) return false;
  return true;
}

/**
 * A tracked flow between two others. Who answers is the source of the answers:
 * the real one, where addresses are translated. A flow of which either end is
 * this host has a socket here, and was told of with it.
 */
function forwardedIn(
  message: Message,
  isOther: (address: Uint8Array) => boolean,
): OpenFlow | undefined {
  const [caller, , called, answered] = addressesOfFlow(message);
  if (!caller || !called || !answered) return undefined;
  if (!isOther(caller) || !isOther(called)) return undefined;
  const { protocol, isOpen } = courseOf(message);
  if (!isOpen) return undefined;
  return {
    ends: [
      { address: called, called: true },
      { address: caller, called: false },
    ],
    protocol,
    begunHere: addressKey(answered) !== addressKey(caller),
  };
}

const EVERYBODY = new CidrSet("all");

/** As many as `limits.impactCount` lets an answer tell. */
const MOST_FLOWS = 65_536;

const LONGEST_MS = 1_000;
