import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Op } from "../../agent/model/ban.js";
import type { FeedName, Position } from "../../agent/model/position.js";
import type { Sign } from "../../agent/protocol/container.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { Mutex } from "../../agent/runtime/mutex.js";
import type { Decided, Event } from "../journal/events.js";
import type { Journal } from "../journal/journal.js";
import type { Capacity } from "./capacity.js";
import { positionAfter, sealChain } from "./chain.js";
import type { FeedIndex } from "./feed-index.js";

/** Where a decision stands in its feed. */
export interface Placed {
  readonly position: Position;
  readonly decidedAt: number;
}

/** Publishes ops of one decision in a feed, in the turn that it was given in. */
export type Publish = (decided: Decided, ops: Iterable<Op>) => Promise<Placed>;

/** Writes the feeds: decisions become signed, chained segments. */
export class Feeds {
  readonly #journal: Journal;
  readonly #index: FeedIndex;
  readonly #sign: Sign;
  readonly #clock: Clock;
  readonly #capacity: Pick<Capacity, "makeRoom">;
  readonly #turns = new Map<FeedName, Mutex>();

  constructor(ports: {
    readonly journal: Journal;
    readonly index: FeedIndex;
    readonly sign: Sign;
    readonly clock: Clock;
    readonly capacity: Pick<Capacity, "makeRoom">;
  }) {
    this.#journal = ports.journal;
    this.#index = ports.index;
    this.#sign = ports.sign;
    this.#clock = ports.clock;
    this.#capacity = ports.capacity;
  }

  /** As one decision of a feed that needs no look at what it holds. */
  async publish(decided: Decided, ops: Iterable<Op>): Promise<Placed> {
    return this.inTurn(decided.feed, (publish) => publish(decided, ops));
  }

  /**
   * Lets `work` look at the feed and publish in it, while nobody else does.
   * What it saw is so until it is done.
   */
  async inTurn<T>(
    feed: FeedName,
    work: (publish: Publish) => Promise<T>,
  ): Promise<T> {
    return this.#turnOf(feed).run(() =>
      work((decided, ops) => this.#publish(decided, ops)),
    );
  }

  /**
   * Makes a decision durable and hands its segments to whoever subscribed. What
   * fits one group happened or not; of a larger import a crash leaves the
   * beginning. Between two segments the others get their turn.
   * @throws FeedFull
   */
  async #publish(decided: Decided, ops: Iterable<Op>): Promise<Placed> {
    const { feed, decision, action, ranges } = decided;
    if (action !== "lift") await this.#capacity.makeRoom(feed, ranges);
    const decidedAt = this.#clock.now();
    const terms = { decision, issuedAt: decidedAt, sign: this.#sign };
    const start = this.#standing(feed);
    let position = start;
    let group: Event[] = [decided];
    for (const segment of sealChain(start, ops, terms)) {
      if (group.length > GROUP) {
        this.#journal.append(group);
        group = [];
      }
      if (position !== start) await nextTurn();
      group.push(segment);
      position = positionAfter(segment);
    }
    this.#journal.append(group);
    return { position, decidedAt };
  }

  #standing(feed: FeedName): Position {
    const standing = this.#index.standing(feed);
    if (standing === undefined) throw new Error(`${feed} was never begun`);
    return standing;
  }

  #turnOf(feed: FeedName): Mutex {
    const turn = this.#turns.get(feed) ?? new Mutex();
    this.#turns.set(feed, turn);
    return turn;
  }
}

/** Segments in one append: some 20 ms for the journal and its readers. */
const GROUP = 16;

/** A feed's first breath: it gets an epoch, and stands at 0. */
export function feedBegun(feed: FeedName) {
  const epoch = randomBytes(6).toString("hex");
  return { kind: "feed-begun", feed, epoch } as const satisfies Event;
}
