import { unixSeconds, type Clock } from "../../agent/clock.js";
import { FOREVER, type Lift, type Op } from "../../agent/model/ban.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { Placed } from "../feeds/feeds.js";
import type { Decided } from "../journal/events.js";
import type { StoredRange } from "../lists/range-store.js";
import { newId } from "../registry/secrets.js";

/** Who decides, and for whom. */
export interface Mandate {
  readonly feed: FeedName;
  /** The operator's name, or "rule:" and a rule's. */
  readonly by: string;
  /** What a rule decided on; operators need none. */
  readonly evidence?: readonly number[];
  /** Whose sightings a rule counted. */
  readonly orgs?: readonly string[];
}

/** How long, why, and whether packets are only counted. */
export interface Terms {
  /** Seconds from now; undefined is for ever. */
  readonly forSeconds: number | undefined;
  readonly reason: string;
  /** Hosts count and report, and drop nothing. */
  readonly observed: boolean;
}

/** Whose ranges an import brings. */
export interface ImportedList {
  readonly name: string;
  /** What the list had before and has no more; absent: it only adds. */
  readonly lifts?: Iterable<Lift> & { readonly size: number };
}

/** A decision that is on its way to the agents. */
export interface Decision {
  readonly decision: string;
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly decidedAt: number;
}

/** What deciding needs of the feeds. */
export interface Publisher {
  publish(decided: Decided, ops: Iterable<Op>): Promise<Placed>;
}

/** Turns what operators and rules want into ops of a feed. */
export class Decisions {
  readonly #feeds: Publisher;
  readonly #clock: Clock;

  constructor(feeds: Publisher, clock: Clock) {
    this.#feeds = feeds;
    this.#clock = clock;
  }

  async ban(
    mandate: Mandate,
    ranges: readonly Cidr[],
    terms: Terms,
  ): Promise<Decision> {
    const { forSeconds, ...rest } = terms;
    const expiresAt = this.#expiry(forSeconds);
    const ops = ranges.map((cidr): Op => ({
      ...{ op: "ban", cidr, expiresAt, ...rest },
    }));
    const count = ranges.length;
    return this.#publish({ action: "ban", mandate, count, ...rest }, ops);
  }

  async lift(mandate: Mandate, ranges: readonly Cidr[]): Promise<Decision> {
    const ops = ranges.map((cidr): Op => ({ op: "lift", cidr }));
    const count = ranges.length;
    const nothing = { reason: "", observed: false };
    return this.#publish({ action: "lift", mandate, count, ...nothing }, ops);
  }

  /** Bans a whole list; where it sets its own terms, those count. */
  async import(
    mandate: Mandate,
    ranges: Iterable<StoredRange> & { readonly size: number },
    terms: Terms,
    list?: ImportedList,
  ): Promise<Decision> {
    const { forSeconds: _usual, ...rest } = terms;
    const count = ranges.size;
    const ops = this.#opsOf(ranges, terms, list?.lifts ?? []);
    const from = list && {
      list: list.name,
      ...(list.lifts && { lifts: list.lifts.size }),
    };
    const what = { action: "import", mandate, count, ...rest, from } as const;
    return this.#publish(what, ops);
  }

  /** Lifts come last: a crash between the segments leaves too much banned. */
  *#opsOf(
    ranges: Iterable<StoredRange>,
    terms: Terms,
    lifts: Iterable<Lift>,
  ): Generator<Op> {
    const { forSeconds, ...rest } = terms;
    const usual = this.#expiry(forSeconds);
    for (const { cidr, timeout } of ranges) {
      const own = timeout === 0 ? undefined : timeout;
      const expiresAt = timeout === undefined ? usual : this.#expiry(own);
      yield { op: "ban", cidr, expiresAt, ...rest };
    }
    yield* lifts;
  }

  async #publish(
    what: {
      readonly action: Decided["action"];
      readonly mandate: Mandate;
      readonly count: number;
      readonly reason: string;
      readonly observed: boolean;
      readonly from?: Pick<Decided, "list" | "lifts"> | undefined;
    },
    ops: Iterable<Op>,
  ): Promise<Decision> {
    const { action, mandate, count: ranges, reason, observed, from } = what;
    const decision = newId("dec");
    const decided = {
      ...{ decision, action, ...mandate, ranges, reason },
      ...(observed && { observed }),
      ...from,
    };
    const { position, decidedAt } = await this.#feeds.publish(
      { kind: "decided", ...decided },
      ops,
    );
    const { feed, epoch, offset } = position;
    return { decision, feed, epoch, offset, decidedAt };
  }

  #expiry(forSeconds: number | undefined): number {
    if (forSeconds === undefined) return FOREVER;
    return Math.min(FOREVER, unixSeconds(this.#clock.now()) + forSeconds);
  }
}
