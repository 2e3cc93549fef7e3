import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { NetlinkListener } from "../../netlink/listener.js";
import { NFNLGRP_NFTABLES } from "../../netlink/nftables/constants.js";
import type { Libc } from "../../runtime/libc.js";
import type { Watcher } from "../disturbance.js";
import { Disturbances, type Area } from "./disturbances.js";

export interface WatchPorts {
  readonly libc: Libc;
  readonly watcher: Watcher;
  /** Whether a change was made by this socket of ours. */
  readonly isOwn: (port: number) => boolean;
  /** Areas were removed. */
  readonly lost: (areas: readonly Area[]) => void;
}

/** Hears of every change of our table that somebody else makes. */
export class Watch implements AsyncDisposable {
  readonly #watcher: Watcher;
  readonly #disturbances: Disturbances;
  readonly #listener: NetlinkListener;
  #hears = true;

  /** @throws LibcError when the kernel lets nobody listen */
  constructor({ libc, watcher, isOwn, lost }: WatchPorts) {
    this.#watcher = watcher;
    this.#disturbances = new Disturbances(isOwn, ({ disturbance, areas }) => {
      lost(areas);
      watcher.disturbed(disturbance);
    });
    const group = { protocol: NETLINK_NETFILTER, group: NFNLGRP_NFTABLES };
    this.#listener = new NetlinkListener(libc, group, {
      hear: (messages) => this.#disturbances.hear(messages),
      overrun: () => {
        this.#disturbances.forget();
        watcher.missed();
      },
      listenerLost: (why) => {
        this.#hears = false;
        watcher.listenerLost(why);
      },
    });
  }

  /** False once nothing will be heard any more. */
  get hears(): boolean {
    return this.#hears;
  }

  /**
   * Listens to nothing during a task of our own: to tell of a million elements
   * takes the kernel longer than to take them in. What `others` counts tells
   * afterwards whether there was something else to hear.
   */
  async whileUnsubscribed<T>(
    task: () => T | Promise<T>,
    others: () => number,
  ): Promise<T> {
    if (!this.#hears) return task();
    const before = others();
    this.#listener.leave();
    try {
      return await task();
    } finally {
      this.#hearAgain(() => others() === before);
    }
  }

  /** First listens, then looks: nothing is to fall between the two. */
  #hearAgain(missedNothing: () => boolean): void {
    if (!this.#hears) return;
    this.#listener.join();
    if (!missedNothing()) this.#watcher.missed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hears = false;
    await this.#listener[Symbol.asyncDispose]();
  }
}
