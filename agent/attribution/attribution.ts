import { cidrOf } from "../model/cidr.js";
import type { Caller, Contact } from "../model/contact.js";
import { isOfProbe } from "../model/probe.js";
import type { LoggedPacket } from "../netlink/nflog/messages.js";
import type { Clock } from "../runtime/clock.js";
import { callerOf, type CallerPorts, type FoundSocket } from "./caller.js";
import { Contacts, type Remembered } from "./contacts.js";
import { outgoingIn, type Outgoing } from "./outgoing.js";

/** What is remembered of contacts, and of how many nothing is. */
export interface ContactList {
  /** The latest first. */
  readonly latest: readonly Remembered[];
  /** Contacts that made room for later ones. */
  readonly forgotten: number;
  /** Packets whose caller was not looked for, for want of room. */
  readonly lost: number;
}

export interface AttributionPorts extends Omit<CallerPorts, "likely"> {
  readonly clock: Pick<Clock, "now" | "monotonic" | "sleep">;
  /** The socket that a packet came from, if it is still there. */
  socketOf(outgoing: Outgoing): FoundSocket | undefined;
  /** Whether somebody is served at the port that a packet of TCP came from. */
  serves(outgoing: Outgoing): boolean;
  /** Whether this host has an address. */
  isOwn(address: Uint8Array): boolean;
  /** A contact that is due to be reported; its packets are the fresh ones. */
  contacted(contact: Remembered): void;
  /** Nothing is told of a packet, since its caller could not be looked for. */
  failed(why: unknown): void;
}

/**
 * Finds who on this host sends packets to banned addresses. The socket is
 * looked up as soon as a packet is told of, as it may be gone in a moment; the
 * process that holds it is looked for in the background, one at a time.
 */
export class Attribution implements AsyncDisposable {
  readonly #ports: AttributionPorts;
  readonly #contacts = new Contacts();
  readonly #callers = new Map<string, Known>();
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  /** Processes that called lately: whoever calls again is found at once. */
  #recent: readonly number[] = [];
  #lost = 0;
  readonly #closing = new AbortController();

  constructor(ports: AttributionPorts) {
    this.#ports = ports;
  }

  contacts(): ContactList {
    return {
      latest: this.#contacts.list(),
      forgotten: this.#contacts.forgotten,
      lost: this.#lost,
    };
  }

  /** Takes a packet in; its bytes are not looked at any more when this returns. */
  hear(packet: LoggedPacket): void {
    if (this.#isClosed) return;
    try {
      const read = outgoingIn(packet);
      const outgoing = read && this.#withOrigin(read);
      if (outgoing !== undefined && !isProof(outgoing)) this.#take(outgoing);
    } catch (error) {
      this.#ports.failed(error);
    }
  }

  /** The kernel told of packets that nobody could take in. */
  overrun(): void {
    this.#lost++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#waiting = [];
    await this.#working;
  }

  /**
   * What answers others is no contact, nor what no process has sent: the kernel
   * asks for its neighbours, refuses and resets by itself.
   */
  #take(outgoing: Outgoing): void {
    const known = this.#callers.get(flowOf(outgoing));
    if (known !== undefined && this.#now() - known.at < KNOWN_FOR_MS) {
      this.#tell(outgoing, known.caller);
      return;
    }
    const { forwarded, uid } = outgoing;
    if (this.#answers(outgoing)) return;
    const socket = forwarded ? undefined : this.#ports.socketOf(outgoing);
    if (!forwarded && socket === undefined && uid === undefined) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push({ outgoing, socket });
    this.#working ??= this.#work();
  }

  /** Of what was open before, TCP says so by the port that it came from. */
  #answers(outgoing: Outgoing): boolean {
    const { begun, forwarded, protocol } = outgoing;
    if (begun) return false;
    return forwarded || protocol !== TCP || this.#ports.serves(outgoing);
  }

  /** What leaves with an address of this host is nobody else's behind it. */
  #withOrigin(outgoing: Outgoing): Outgoing {
    const { local } = outgoing;
    const isOwn = local.every((byte) => byte === 0) || this.#ports.isOwn(local);
    return isOwn ? { ...outgoing, forwarded: false } : outgoing;
  }

  /** Looks at processes for a part of the time only, however many call. */
  async #work(): Promise<void> {
    await Promise.resolve(); // so that `#working` is set
    const { clock } = this.#ports;
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const startedAt = clock.monotonic();
      try {
        await this.#attribute(next);
      } catch (error) {
        this.#ports.failed(error);
      }
      if (this.#waiting.length === 0) continue;
      const restMs = (clock.monotonic() - startedAt) * REST_FOR_WORK;
      await clock.sleep(restMs, this.#closing.signal).catch(() => undefined);
    }
    this.#working = undefined;
  }

  async #attribute({ outgoing, socket }: Waiting): Promise<void> {
    const flow = flowOf(outgoing);
    const likely = this.#recent;
    const caller = await callerOf(outgoing, socket, { ...this.#ports, likely });
    if (this.#isClosed) return;
    const pid = caller.process?.pid;
    if (pid !== undefined) {
      const others = likely.filter((each) => each !== pid);
      this.#recent = [pid, ...others].slice(0, MOST_RECENT);
    }
    this.#callers.delete(flow);
    this.#callers.set(flow, { caller, at: this.#now() });
    for (const oldest of this.#callers.keys()) {
      if (this.#callers.size <= MOST_KNOWN) break;
      this.#callers.delete(oldest);
    }
    this.#tell(outgoing, caller);
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #tell(outgoing: Outgoing, caller: Caller): void {
    const contact = contactOf(outgoing, caller);
    const due = this.#contacts.take(contact, this.#now());
    if (due !== undefined) this.#ports.contacted(due);
  }

  #now(): number {
    return this.#ports.clock.now();
  }
}

/** What this agent sends itself, to see that it is stopped. */
const isProof = ({ remote, ...packet }: Outgoing): boolean =>
  isOfProbe({
    ...packet,
    ...{ remote: cidrOf(remote, remote.length * 8), direction: "out" },
  });

interface Waiting {
  readonly outgoing: Outgoing;
  readonly socket: FoundSocket | undefined;
}

interface Known {
  readonly caller: Caller;
  readonly at: number;
}

function contactOf(outgoing: Outgoing, caller: Caller): Contact {
  const { remote, protocol, port, begun, forwarded, observed } = outgoing;
  return {
    remote: cidrOf(remote, remote.length * 8),
    ...{ protocol, port, begun, forwarded, observed, caller },
  };
}

/** What one caller's packets have in common, as long as its socket lives. */
const flowOf = (outgoing: Outgoing): string =>
  JSON.stringify([
    Buffer.from(outgoing.local).toString("base64"),
    Buffer.from(outgoing.remote).toString("base64"),
    ...[outgoing.protocol, outgoing.localPort, outgoing.port],
    ...[outgoing.uid, outgoing.forwarded],
  ]);

const TCP = 6;

/** Retries of one attempt go on for two minutes. */
const KNOWN_FOR_MS = 120_000;
const MOST_KNOWN = 1_024;

/** Each costs milliseconds; whoever goes on is heard of again. */
const MOST_WAITING = 64;

/** While others wait, a fifth of the time is spent on it. */
const REST_FOR_WORK = 4;

const MOST_RECENT = 8;
