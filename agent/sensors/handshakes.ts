import { cidrOf, formatCidr } from "../model/cidr.js";
import type { Translators } from "../model/translators.js";
import { AF_INET, AF_INET6, NETLINK_SOCK_DIAG } from "../netlink/constants.js";
import { endedOn } from "../netlink/ended-sockets.js";
import { localPortIn } from "../netlink/inet-filter.js";
import { Mailbox } from "../netlink/mailbox.js";
import {
  IPPROTO_TCP,
  listSockets,
  socketOf,
  STATE,
  type SocketInfo,
} from "../netlink/sock-diag.js";
import { NetlinkSocket } from "../netlink/socket.js";
import type { Clock } from "../runtime/clock.js";
import { loadLibc, type Libc } from "../runtime/libc.js";
import { RecentMap } from "./recent-map.js";
import { readSource, type Source } from "./source.js";

export interface HandshakeOptions {
  /** The service's own TCP ports. */
  readonly ports: readonly number[];
  /** A handshake counts for so many milliseconds after its connection ended. */
  keepMs(): number;
  /** As the sensor that asks reads addresses. */
  readonly translators: Translators;
  readonly clock: Clock;
}

/**
 * Who completed a TCP handshake with a port of this host, as the kernel says: who
 * did has received what was sent to that address, so nobody else can have. What
 * is open is looked for; of what ends the kernel tells who listens, so that no
 * connection is too short, and connection tracking is not needed.
 */
export class Handshakes implements Disposable {
  readonly #options: HandshakeOptions;
  readonly #libc: Libc;
  readonly #socket: NetlinkSocket;
  #ended: Mailbox | undefined;
  /** When each source was seen last, by the clock that never jumps. */
  readonly #seen = new RecentMap<number>();
  /** Connections that were open at the last look, by their ends. */
  #before: ReadonlySet<string> = new Set();
  /** Connections that have ended since. */
  #since = new Set<string>();
  #lookedAt = -Infinity;
  #begun = 0;

  /** @throws whatever opening a netlink socket throws */
  static async open(options: HandshakeOptions): Promise<Handshakes> {
    return new Handshakes(options, await loadLibc());
  }

  private constructor(options: HandshakeOptions, libc: Libc) {
    this.#options = options;
    this.#libc = libc;
    this.#socket = new NetlinkSocket(libc, NETLINK_SOCK_DIAG);
  }

  /**
   * Has the kernel tell of connections that end. It then has some work with the
   * end of each TCP connection, so this is for whoever needs it.
   * @throws LibcError where the kernel does not tell
   */
  listen(): void {
    if (this.#ended !== undefined) return;
    this.#ended = new Mailbox(this.#libc, endedOn(this.#options.ports));
    this.#look();
  }

  /** Spares the kernel that work. */
  rest(): void {
    this.#ended?.[Symbol.dispose]();
    this.#ended = undefined;
  }

  [Symbol.dispose](): void {
    this.#ended?.[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }

  /** Whether somebody there completed a handshake lately. @throws NetlinkError */
  saw({ name }: Source): boolean {
    if (this.#isFresh(name)) return true;
    this.#hear();
    if (this.#isFresh(name)) return true;
    const { clock } = this.#options;
    // Whoever can write lines may ask as often as he writes.
    if (clock.monotonic() - this.#lookedAt >= REST_MS) this.#look();
    return this.#isFresh(name);
  }

  /** How many connections began since this was asked last. @throws NetlinkError */
  begun(): number {
    this.#look();
    const begun = this.#begun;
    this.#begun = 0;
    return begun;
  }

  /** Whether anything listens on the service's ports. @throws NetlinkError */
  isServed(): boolean {
    return this.#list([STATE.LISTEN]).length > 0;
  }

  #look(): void {
    this.#hear();
    this.#lookedAt = this.#options.clock.monotonic();
    const now = new Set<string>();
    for (const socket of this.#connections()) {
      this.#note(socket);
      keep(now, socket);
    }
    const all = new Set([...now, ...this.#since]);
    const begun = [...all].filter((each) => !this.#before.has(each));
    this.#begun += begun.length;
    this.#before = now;
    this.#since = new Set();
  }

  #isFresh(name: string): boolean {
    const at = this.#seen.get(name);
    const { clock } = this.#options;
    return at !== undefined && clock.monotonic() - at < this.#options.keepMs();
  }

  #hear(): void {
    this.#ended?.empty((message) => {
      const socket = socketOf(message);
      if (socket.remote.port === 0) return; // it listened
      this.#note(socket);
      keep(this.#since, socket);
    });
  }

  #note({ remote }: SocketInfo): void {
    const { address } = remote;
    const text = formatCidr(cidrOf(address, address.length * 8));
    const source = readSource(text, this.#options.translators);
    if (source === undefined) return;
    this.#seen.set(source.name, this.#options.clock.monotonic());
    this.#seen.bound(MOST_SEEN);
  }

  #connections(): readonly SocketInfo[] {
    return this.#list(COMPLETED);
  }

  #list(states: readonly number[]): readonly SocketInfo[] {
    const filter = localPortIn(this.#options.ports);
    return [AF_INET, AF_INET6].flatMap((family) =>
      this.#socket.list(
        "list connections to the service",
        (w) =>
          listSockets(w, { family, protocol: IPPROTO_TCP, states, filter }),
        (message) => [socketOf(message)],
      ),
    );
  }
}

/** A connection by its ends; it outlives the socket while it waits to be over. */
function keep(connections: Set<string>, { id }: SocketInfo): void {
  if (connections.size >= MOST_OPEN) return;
  connections.add(Buffer.from(id.subarray(0, ENDS_BYTES)).toString("latin1"));
}

/** Of struct inet_diag_sockid: two ports and two addresses. */
const ENDS_BYTES = 36;

/** Every state that a handshake leads to. */
const COMPLETED = [
  ...[STATE.ESTABLISHED, STATE.CLOSE_WAIT, STATE.LAST_ACK],
  ...[STATE.FIN_WAIT1, STATE.FIN_WAIT2, STATE.CLOSING, STATE.TIME_WAIT],
];

/** Some 8 MB at most; the longest unseen are let go of. */
const MOST_SEEN = 65_536;
/** Beyond these they are not told apart: it is many in any case. */
const MOST_OPEN = 16_384;
const REST_MS = 200;
