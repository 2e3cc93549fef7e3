import { read } from "node:fs";
import {
  AF_NETLINK,
  LibcError,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_RAW,
  type Libc,
} from "../runtime/libc.js";
import {
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_DROP_MEMBERSHIP,
  NLMSG_NOOP,
  NLM_F_ACK,
  NLM_F_REQUEST,
  SOL_NETLINK,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVTIMEO,
} from "./constants.js";
import { messagesIn, type Message } from "./message.js";
import { ANY_PORT, LARGEST_DATAGRAM } from "./socket.js";
import { MessageWriter } from "./writer.js";

/** Who is told what a group of the kernel's says. None of these may throw. */
export interface Hearer {
  /** One datagram's messages: views that are good until this returns. */
  hear(messages: Iterable<Message>): void;
  /** The kernel had more to say than there was room for: some of it is lost. */
  overrun(): void;
  /** Nothing will be heard any more. */
  listenerLost(why: unknown): void;
}

/** A multicast group of one part of the kernel, or several. */
export interface Group {
  readonly protocol: number;
  readonly group: number | readonly number[];
}

/** A part of the kernel that speaks to whoever asked it to. */
export interface Asked {
  readonly protocol: number;
  /** Writes the requests; the answers to them are heard like all else. */
  readonly ask: (writer: MessageWriter) => void;
}

/**
 * Hears what a multicast group says, or what was asked for. Waiting takes one thread of Node's pool;
 * what has piled up is then read at once. Nothing is queued but in the kernel,
 * whose buffer is bounded and which tells when it overran.
 */
export class NetlinkListener implements AsyncDisposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #groups: readonly number[];
  readonly #hearer: Hearer;
  readonly #received = Buffer.alloc(LARGEST_DATAGRAM);
  readonly #ended: Promise<void>;
  #stopping = false;
  #overran = false;

  /** @throws LibcError when the kernel lacks the group */
  constructor(libc: Libc, source: Group | Asked, hearer: Hearer) {
    this.#libc = libc;
    this.#hearer = hearer;
    this.#groups = "group" in source ? [source.group].flat() : [];
    const type = SOCK_RAW | SOCK_CLOEXEC;
    this.#fd = libc.socket(AF_NETLINK, type, source.protocol);
    try {
      libc.bind(this.#fd, ANY_PORT);
      this.#enlarge();
      const timeout = { level: SOL_SOCKET, name: SO_RCVTIMEO };
      libc.setOption(this.#fd, timeout, LONGEST_WAIT);
      this.join();
      if ("ask" in source) this.#send(source.ask);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
    this.#ended = this.#listen();
  }

  /** Hears the group, as it does from the start. */
  join(): void {
    this.#membership(NETLINK_ADD_MEMBERSHIP);
  }

  /** Hears nothing for a while: what is said meanwhile is lost. */
  leave(): void {
    this.#membership(NETLINK_DROP_MEMBERSHIP);
  }

  /** Nothing is heard once this is called; returns when the thread is free. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return this.#ended;
    this.#stopping = true;
    this.#wake();
    await this.#ended; // a closed descriptor may be somebody else's next
    this.#libc.close(this.#fd);
  }

  async #listen(): Promise<void> {
    try {
      while (!this.#stopping) {
        if (this.#take(await this.#wait())) this.#drain();
      }
    } catch (error) {
      if (!this.#stopping) this.#hearer.listenerLost(error);
    }
  }

  /** What is there already, for as long as others can wait. */
  #drain(): void {
    for (let count = 0; count < MOST_AT_ONCE; count++) {
      if (!this.#take(this.#receive())) return;
    }
  }

  /**
   * Hands a datagram on; false when there was none, or nobody wants it. After an
   * overrun the kernel takes nothing more in, and does not say so again, until
   * everything was read: only then can one look at what became of it all.
   */
  #take(received: number | Error): boolean {
    if (this.#stopping) return false;
    if (typeof received === "number") {
      const datagram = this.#received.subarray(0, received);
      if (!this.#overran) this.#hearer.hear(messagesIn(datagram));
      return true;
    }
    const code = codeOf(received);
    if (code === "ENOBUFS") return (this.#overran = true);
    if (code !== "EAGAIN" && code !== "EINTR") throw received;
    if (this.#overran && code === "EAGAIN") {
      this.#overran = false;
      this.#hearer.overrun();
    }
    return false;
  }

  /** In a thread of Node's pool: until there is something, but not for long. */
  #wait(): Promise<number | Error> {
    const into = this.#received;
    return new Promise((resolve) => {
      read(this.#fd, into, 0, into.length, null, (error, length) =>
        resolve(error ?? length),
      );
    });
  }

  #receive(): number | Error {
    try {
      return this.#libc.receive(this.#fd, this.#received, MSG_DONTWAIT);
    } catch (error) {
      if (error instanceof LibcError) return error;
      throw error;
    }
  }

  /** The kernel's answer to nothing at all ends a read that waits. */
  #wake(): void {
    const flags = NLM_F_REQUEST | NLM_F_ACK;
    try {
      this.#send((w) =>
        w.message({ type: NLMSG_NOOP, flags }, () => undefined),
      );
    } catch {
      return; // it ends by itself within half a second
    }
  }

  #send(fill: (writer: MessageWriter) => void): void {
    const w = new MessageWriter();
    fill(w);
    this.#libc.send(this.#fd, w.bytes, MSG_DONTWAIT);
  }

  #membership(name: number): void {
    const option = { level: SOL_NETLINK, name };
    for (const group of this.#groups) {
      this.#libc.setOption(this.#fd, option, group);
    }
  }

  #enlarge(): void {
    const set = (name: number) =>
      this.#libc.setOption(this.#fd, { level: SOL_SOCKET, name }, BUFFER_BYTES);
    try {
      set(SO_RCVBUFFORCE);
    } catch {
      set(SO_RCVBUF); // without rights over the machine: some 400 KiB
    }
  }
}

/** Datagrams in one turn of the event loop: about a millisecond. */
const MOST_AT_ONCE = 256;

const codeOf = (error: LibcError | NodeJS.ErrnoException) => error.code;

/** Room for what some 50,000 changed elements take to tell. */
const BUFFER_BYTES = 8 * 1024 * 1024;

/**
 * struct timeval of half a second, after which a read ends with nothing to hear.
 * Where it has 32-bit fields this says "for ever", and only a wake ends a read.
 */
const LONGEST_WAIT = new Uint8Array(BigInt64Array.of(0n, 500_000n).buffer);
