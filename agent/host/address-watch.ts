import { NETLINK_ROUTE } from "../netlink/constants.js";
import { LINK_GROUP, RTM_DELLINK, RTM_NEWLINK } from "../netlink/links.js";
import { NetlinkListener } from "../netlink/listener.js";
import type { Message } from "../netlink/message.js";
import { ROUTE_GROUPS } from "../netlink/route.js";
import { loadLibc } from "../runtime/libc.js";

/** What may have become of this host's network. */
export interface NetworkNews {
  /** Addresses or routes came or went. */
  addresses(): void;
  /** Devices came, went, or changed. */
  devices(): void;
}

/**
 * Hears of addresses, routes and devices of this host that come and go, and says
 * so a moment later: once for all that happen together.
 */
export class AddressWatch implements AsyncDisposable {
  readonly #listener: NetlinkListener;
  readonly #timer: Timer;

  private constructor(listener: NetlinkListener, timer: Timer) {
    this.#listener = listener;
    this.#timer = timer;
  }

  /** @throws LibcError where the kernel lets nobody listen */
  static async start(
    news: Partial<NetworkNews>,
    deaf: (why: unknown) => void,
  ): Promise<AddressWatch> {
    const timer: Timer = { due: new Set() };
    const soon = (what: keyof NetworkNews) => {
      timer.due.add(what);
      timer.current ??= setTimeout(() => {
        const due = [...timer.due];
        timer.due.clear();
        delete timer.current;
        for (const each of due) news[each]?.();
      }, TOGETHER_MS).unref();
    };
    const group = [LINK_GROUP, ...ROUTE_GROUPS];
    const source = { protocol: NETLINK_ROUTE, group };
    const listener = new NetlinkListener(await loadLibc(), source, {
      hear: (messages) => {
        for (const message of messages) soon(topicOf(message));
      },
      overrun: () => {
        soon("addresses");
        soon("devices");
      },
      listenerLost: deaf,
    });
    return new AddressWatch(listener, timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]();
    clearTimeout(this.#timer.current);
  }
}

const topicOf = ({ type }: Message): keyof NetworkNews =>
  type === RTM_NEWLINK || type === RTM_DELLINK ? "devices" : "addresses";

const TOGETHER_MS = 50;

interface Timer {
  readonly due: Set<keyof NetworkNews>;
  current?: NodeJS.Timeout;
}
