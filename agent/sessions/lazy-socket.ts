import { setImmediate as nextTurn } from "node:timers/promises";
import { NetlinkError } from "../netlink/error.js";
import type { Message } from "../netlink/message.js";
import type { Fill, NetlinkSocket } from "../netlink/socket.js";

/**
 * A netlink socket for one user, opened when it is first needed. A list that is
 * not read to its end keeps a socket busy, so then it is replaced.
 */
export class LazySocket implements Disposable {
  readonly #open: () => NetlinkSocket;
  #socket: NetlinkSocket | undefined;

  constructor(open: () => NetlinkSocket) {
    this.#open = open;
  }

  /**
   * What `read` makes of the messages of a list; undefined is passed over. The
   * event loop gets its turns in between.
   */
  async *list<T>(
    operation: string,
    fill: Fill,
    read: (message: Message) => T | undefined,
  ): AsyncGenerator<T, void> {
    let ended = false;
    try {
      let turn = 0;
      for (const message of this.#opened().dump(operation, fill)) {
        const found = read(message);
        if (found !== undefined) yield found;
        if (++turn % MESSAGES_A_TURN === 0) await nextTurn();
      }
      ended = true;
    } finally {
      if (!ended) this[Symbol.dispose]();
    }
  }

  /** Asks one question. */
  ask(operation: string, fill: Fill): Message {
    const [answer] = this.#opened().exchange(operation, fill);
    if (answer === undefined) throw new Error(`no answer: ${operation}`);
    if (answer instanceof NetlinkError) throw answer;
    return answer;
  }

  /**
   * Asks for the same of each item, some at a time, and counts what was granted.
   * What is gone already or taken over by others is neither.
   */
  async forEach<T>(
    operation: string,
    items: readonly T[],
    write: (item: T) => Fill,
  ): Promise<Tally> {
    let granted = 0;
    let refused: NetlinkError | undefined;
    for (let at = 0; at < items.length; at += ITEMS_A_TURN) {
      const slice = items.slice(at, at + ITEMS_A_TURN).map(write);
      const answers = this.#opened().exchange(operation, (w) =>
        slice.forEach((fill) => fill(w)),
      );
      for (const answer of answers) {
        if (!(answer instanceof NetlinkError)) granted++;
        else if (!HARMLESS.has(answer.code)) refused ??= answer;
      }
      await nextTurn();
    }
    return { granted, refused };
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  #opened(): NetlinkSocket {
    return (this.#socket ??= this.#open());
  }
}

export interface Tally {
  readonly granted: number;
  /** The first refusal that matters. */
  readonly refused: unknown;
}

/** Reading takes a few microseconds each: well below a millisecond. */
const MESSAGES_A_TURN = 128;

/** The kernel works on them within one call, for some 10 to 20 µs each. */
const ITEMS_A_TURN = 64;

/** It ended by itself; or a flowtable holds it, on kernels before 5.13. */
const HARMLESS = new Set(["ENOENT", "EBUSY"]);
