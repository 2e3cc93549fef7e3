import { loadLibc } from "../libc.js";
import { NETLINK_ROUTE } from "../netlink/constants.js";
import { NetlinkListener } from "../netlink/listener.js";
import { ROUTE_GROUPS } from "../netlink/route.js";

/**
 * Hears of addresses and routes of this host that come and go, and says so a
 * moment later: once for all that happen together.
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
    changed: () => void,
    deaf: (why: unknown) => void,
  ): Promise<AddressWatch> {
    const timer: Timer = {};
    const soon = () => {
      timer.current ??= setTimeout(() => {
        delete timer.current;
        changed();
      }, TOGETHER_MS).unref();
    };
    const source = { protocol: NETLINK_ROUTE, group: ROUTE_GROUPS };
    const listener = new NetlinkListener(await loadLibc(), source, {
      hear: soon,
      overrun: soon,
      deaf,
    });
    return new AddressWatch(listener, timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]();
    clearTimeout(this.#timer.current);
  }
}

const TOGETHER_MS = 50;

interface Timer {
  current?: NodeJS.Timeout;
}
