import { FairQueue } from "./fair-queue.js";

/** Too many undos wait already. */
export class UndoBusy extends Error {
  override readonly name = "UndoBusy";

  constructor() {
    super("another undo is at work, and enough of them wait; ask again later");
  }
}

/**
 * Lets one undo work at a time, since it may hold what it read of millions of
 * ranges. A few wait: those of rules come first, and those of people are fair among
 * feeds.
 */
export class UndoGate {
  readonly #rules = new FairQueue({ ofOne: MOST, inAll: MOST });
  readonly #people = new FairQueue({ ofOne: MOST_OF_A_FEED, inAll: MOST });
  readonly #begin = new Map<string, () => void>();
  #isBusy = false;
  #tickets = 0;

  /** @throws UndoBusy where too many wait, and what `work` throws */
  async run<T>(by: string, feed: string, work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) await this.#wait(by, feed);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#handOn();
    }
  }

  async #wait(by: string, feed: string): Promise<void> {
    const queue = by.startsWith("rule:") ? this.#rules : this.#people;
    const ticket = String((this.#tickets += 1));
    if (!queue.add(feed, ticket)) throw new UndoBusy();
    await new Promise<void>((resolve) => this.#begin.set(ticket, resolve));
  }

  /** It stays busy where somebody waits. */
  #handOn(): void {
    const ticket = this.#rules.next() ?? this.#people.next();
    this.#isBusy = ticket !== undefined;
    if (ticket === undefined) return;
    this.#begin.get(ticket)?.();
    this.#begin.delete(ticket);
  }
}

/** Beside the one at work; people who do not know of each other are few. */
const MOST_OF_A_FEED = 2;

/** Of all feeds. */
const MOST = 64;
