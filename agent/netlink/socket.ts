import { constants } from "node:os";
import {
  AF_NETLINK,
  LibcError,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_RAW,
  type Libc,
} from "../runtime/libc.js";
import { hostBytes, hostU32 } from "./attributes.js";
import { writeBatch, type BatchTarget } from "./batch.js";
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLM_F_DUMP_INTR,
  SOL_NETLINK,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
} from "./constants.js";
import { NetlinkError } from "./error.js";
import { messagesIn, readRefusal, type Message } from "./message.js";
import { MessageWriter } from "./writer.js";

/** Writes the messages of one request. */
export type Fill = (writer: MessageWriter) => void;

/** What the kernel answered to one message of a request. */
export type Answer = Message | NetlinkError;

/** A batch, and what it is for. */
export interface Batch extends BatchTarget {
  readonly operation: string;
}

/**
 * A socket to one part of the kernel. The kernel works inside `send`, so every
 * answer is there when `send` returns, and nothing here ever waits.
 */
export class NetlinkSocket implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #writer = new MessageWriter();
  readonly #received = Buffer.alloc(LARGEST_DATAGRAM);
  #sequence = 0;
  /** What the kernel calls this socket; its events name it as their cause. */
  readonly port: number;

  /** @throws LibcError when the kernel lacks the protocol */
  constructor(libc: Libc, protocol: number) {
    this.#libc = libc;
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    try {
      libc.bind(this.#fd, ANY_PORT);
      this.port = hostU32(libc.nameOf(this.#fd, ANY_PORT.length), 4);
      libc.setOption(
        this.#fd,
        { level: SOL_NETLINK, name: NETLINK_CAP_ACK },
        1,
      );
      libc.setOption(
        this.#fd,
        { level: SOL_NETLINK, name: NETLINK_EXT_ACK },
        1,
      );
      this.#enlarge(SO_SNDBUFFORCE, SO_SNDBUF);
      this.#enlarge(SO_RCVBUFFORCE, SO_RCVBUF);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
  }

  /**
   * Sends messages of which each gets one answer: what was asked for, or why
   * not. The answers come in the order of the messages.
   */
  exchange(operation: string, fill: Fill): Answer[] {
    const { first, last } = this.#send(operation, fill);
    const answers: Answer[] = [];
    for (const message of this.#replies(operation, first, last)) {
      answers.push(answerOf(operation, message));
      if (message.sequence === last) return answers;
    }
    return answers;
  }

  /**
   * Walks over the kernel's answer of many parts. Each message is good until
   * the next is taken; nobody else may use the socket before the end.
   * @throws NetlinkError also when what is listed changed meanwhile (EINTR)
   */
  *dump(operation: string, fill: Fill): Generator<Message, void> {
    const { first, last } = this.#send(operation, fill);
    let interrupted = false;
    for (const message of this.#replies(operation, first, last)) {
      interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
      if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
        throwRefusal(operation, message);
        break;
      }
      yield message;
    }
    if (interrupted) throw failure(operation, constants.errno.EINTR);
  }

  /**
   * Everything that a dump lists; begun again when others change it meanwhile.
   * `read` takes from a message all that it wants to keep.
   */
  list<T>(
    operation: string,
    fill: Fill,
    read: (message: Message) => readonly T[],
  ): T[] {
    for (let attempt = 1; ; attempt++) {
      try {
        return Array.from(this.dump(operation, fill), read).flat();
      } catch (error) {
        if (!isInterrupted(error) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Sends messages that stand or fall together, and returns once they stand.
   * @throws NetlinkError with the first refusal; nothing has changed then
   */
  commit({ operation, ...batch }: Batch, fill: Fill): void {
    const { first, last } = this.#send(operation, (w) => {
      writeBatch(w, batch, fill);
    });
    let refused: NetlinkError | undefined;
    for (const message of this.#replies(operation, first, last)) {
      const answer = answerOf(operation, message);
      if (answer instanceof NetlinkError) refused ??= answer;
      // A batch that fails as a whole is answered under its first number.
      if (message.sequence === first || message.sequence === last - 1) break;
    }
    if (refused) throw refused;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }

  #send(operation: string, fill: Fill): { first: number; last: number } {
    const first = (this.#sequence + 1) >>> 0;
    this.#writer.restart(this.#sequence);
    fill(this.#writer);
    this.#sequence = this.#writer.sequence;
    try {
      this.#libc.send(this.#fd, this.#writer.bytes, 0);
    } catch (error) {
      throw asNetlinkError(operation, error);
    }
    return { first, last: this.#sequence };
  }

  /** What the kernel answers to the messages numbered `first` to `last`. */
  *#replies(
    operation: string,
    first: number,
    last: number,
  ): Generator<Message, void> {
    const span = (last - first) >>> 0;
    for (;;) {
      for (const message of messagesIn(this.#receive(operation))) {
        // Answers to an earlier request that was given up are passed over.
        if ((message.sequence - first) >>> 0 <= span) yield message;
      }
    }
  }

  #receive(operation: string): Buffer {
    try {
      const into = this.#received;
      const length = this.#libc.receive(this.#fd, into, MSG_DONTWAIT);
      return into.subarray(0, length);
    } catch (error) {
      throw asNetlinkError(operation, error);
    }
  }

  #enlarge(forced: number, asked: number): void {
    try {
      const option = { level: SOL_SOCKET, name: forced };
      this.#libc.setOption(this.#fd, option, BUFFER_BYTES);
    } catch {
      // Without rights over the machine, as in a user namespace.
      const option = { level: SOL_SOCKET, name: asked };
      this.#libc.setOption(this.#fd, option, BUFFER_BYTES);
    }
  }
}

/** Others changed what was listed meanwhile: the list may be wrong. */
export function isInterrupted(error: unknown): boolean {
  return error instanceof NetlinkError && error.code === "EINTR";
}

/** Lists take well below a millisecond each, so a second attempt is rare. */
export const MOST_ATTEMPTS = 20;

/** The kernel packs dumps into 32 KiB at most, and one message into less. */
export const LARGEST_DATAGRAM = 64 * 1024;

/**
 * A batch of ten thousand renewals is about 1 MiB. Where rights over the machine
 * are missing, the kernel grants some 400 KiB, and refuses more with EMSGSIZE.
 */
const BUFFER_BYTES = 8 * 1024 * 1024;

/** struct sockaddr_nl with no port: the kernel draws one. */
export const ANY_PORT = Buffer.concat([
  Buffer.from(Uint16Array.of(AF_NETLINK, 0).buffer),
  hostBytes(0, 0),
]);

/** Copied, since the receive buffer is used again. */
function answerOf(operation: string, message: Message): Answer {
  if (message.type === NLMSG_ERROR) {
    const refusal = readRefusal(message);
    if (refusal.errno !== 0) return new NetlinkError(operation, refusal);
  }
  return { ...message, payload: Buffer.from(message.payload) };
}

function throwRefusal(operation: string, message: Message): void {
  if (message.type === NLMSG_ERROR) {
    const refusal = readRefusal(message);
    if (refusal.errno !== 0) throw new NetlinkError(operation, refusal);
  }
  const errno = message.payload.length >= 4 ? -hostU32(message.payload, 0) : 0;
  if (errno !== 0) throw failure(operation, errno >>> 0);
}

function asNetlinkError(operation: string, error: unknown): unknown {
  if (!(error instanceof LibcError)) return error;
  return failure(operation, error.errno, error);
}

function failure(
  operation: string,
  errno: number,
  cause?: unknown,
): NetlinkError {
  const refusal = { errno, explanation: undefined, offset: undefined };
  return new NetlinkError(operation, refusal, { cause });
}
