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
  SOL_NETLINK,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
} from "./constants.js";
import { messagesIn, type Message } from "./message.js";
import { ANY_PORT, LARGEST_DATAGRAM } from "./socket.js";

/** What is kept until it is asked for. */
export interface Subscription {
  readonly protocol: number;
  readonly groups: readonly number[];
  /** A program of classic BPF: what it refuses is not kept. */
  readonly filter: Uint8Array;
}

/**
 * Keeps what groups of the kernel's say until somebody asks, so that whoever
 * asks knows all that was said before. The kernel's buffer is the bound.
 */
export class Mailbox implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #received = Buffer.alloc(LARGEST_DATAGRAM);

  /** @throws LibcError when the kernel lacks a group, or refuses it */
  constructor(libc: Libc, { protocol, groups, filter }: Subscription) {
    this.#libc = libc;
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    try {
      libc.bind(this.#fd, ANY_PORT);
      libc.filter(this.#fd, filter);
      this.#enlarge();
      const option = { level: SOL_NETLINK, name: NETLINK_ADD_MEMBERSHIP };
      for (const group of groups) libc.setOption(this.#fd, option, group);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
  }

  /**
   * Hands on all that was said since the last time, each message good until
   * `hear` returns; false when there was more than the kernel could keep.
   * @throws LibcError
   */
  empty(hear: (message: Message) => void): boolean {
    let isWhole = true;
    for (;;) {
      try {
        const into = this.#received;
        const length = this.#libc.receive(this.#fd, into, MSG_DONTWAIT);
        for (const message of messagesIn(into.subarray(0, length))) {
          hear(message);
        }
      } catch (error) {
        const code = error instanceof LibcError ? error.code : undefined;
        if (code === "EAGAIN") return isWhole;
        if (code !== "ENOBUFS") throw error;
        isWhole = false;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
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

/** Room for some thousand ends of connections between two looks. */
const BUFFER_BYTES = 2 * 1024 * 1024;
