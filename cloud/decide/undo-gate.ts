import { FairQueue } from "../rate/fair-queue.js";
import { Gate } from "../rate/gate.js";

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
  readonly #gate = new Gate({
    atOnce: 1,
    lanes: [
      { queue: new FairQueue({ ofOne: MOST, inAll: MOST }), atOnce: 1 },
      {
        queue: new FairQueue({ ofOne: MOST_OF_A_FEED, inAll: MOST }),
        atOnce: 1,
      },
    ],
    full: () => new UndoBusy(),
  });

  /** @throws UndoBusy where too many wait, and what `work` throws */
  async run<T>(by: string, feed: string, work: () => Promise<T>): Promise<T> {
    const lane = by.startsWith("rule:") ? RULES : PEOPLE;
    return this.#gate.run(feed, work, { lane });
  }
}

const RULES = 0;
const PEOPLE = 1;

/** Beside the one at work; people who do not know of each other are few. */
const MOST_OF_A_FEED = 2;

/** Of all feeds. */
const MOST = 64;
