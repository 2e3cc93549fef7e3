import { FOREVER, type Op } from "../../agent/model/ban.js";
import type { Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";
import type { Publish } from "../feeds/feeds.js";
import { newId } from "../ids.js";
import type { Decided } from "../journal/decision-events.js";
import type { Watch } from "./order-ports.js";
import type { Waits } from "./waits.js";

/** Who decides, and for whom. */
export interface Mandate {
  readonly feed: FeedName;
  /** The operator's name, or "rule:" and a rule's. */
  readonly by: string;
  /** What a rule decided on; operators need none. */
  readonly evidence?: readonly number[];
  /** Whose sightings a rule counted, and what each weighs. */
  readonly orgs?: readonly string[];
  readonly weights?: readonly number[];
  /** How sure a rule is, from 0 to 1, and the version of the rules. */
  readonly confidence?: number;
  readonly rules?: number;
}

/** How long, why, and whether packets are only counted. */
export interface Terms {
  /** Seconds from now; undefined is for ever. */
  readonly forSeconds: number | undefined;
  readonly reason: string;
  /** Hosts count and report, and drop nothing. */
  readonly observed: boolean;
  /** Seconds that each ring of hosts but the first waits for the one before. */
  readonly waits?: Waits | undefined;
  /** However large it is: no ring of hosts waits for another by itself. */
  readonly atOnce?: true | undefined;
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
  publish: Publish;
}

/** Turns what rules want into ops of a feed. */
export class Deeds {
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
    const { forSeconds, reason, observed } = terms;
    const until = expiry(forSeconds, this.#clock);
    const ops = ranges.map((cidr): Op => ({
      ...{ op: "ban", cidr, expiresAt: until, reason, observed },
    }));
    const what = { action: "ban", mandate, reason, observed, until } as const;
    const publish: Publish = (decided, all) =>
      this.#feeds.publish(decided, all);
    return carryOut(publish, { ...what, count: ops.length }, ops);
  }
}

/** What one decision comes to. */
export interface Deed {
  readonly action: Decided["action"];
  readonly mandate: Mandate;
  /** How many ranges, but those that a list has no more. */
  readonly count: number;
  readonly reason: string;
  readonly observed: boolean;
  /** Unix seconds: when the last of it ends; undefined for a lift. */
  readonly until: number | undefined;
  /** Of an import: whose ranges they are, and how many it lifts; what it undoes. */
  readonly from?: Pick<Decided, "list" | "lifts" | "undoes"> | undefined;
  /** Says what is written down with it. */
  readonly watch?: Pick<Watch, "along"> | undefined;
}

/** Gives a decision its name, and publishes it with its ops. */
export async function carryOut(
  publish: Publish,
  { action, mandate, count, reason, observed, until, from, watch }: Deed,
  ops: Iterable<Op>,
): Promise<Decision> {
  const decision = newId("dec");
  const decided: Decided = {
    ...{ kind: "decided", decision, action, ...mandate },
    ...{ ranges: count, reason },
    ...(observed && { observed }),
    ...(until !== undefined && { until }),
    ...from,
  };
  const along = watch?.along(decision, mandate.feed) ?? [];
  const { position, decidedAt } = await publish(decided, ops, along);
  const { feed, epoch, offset } = position;
  return { decision, feed, epoch, offset, decidedAt };
}

/** Unix seconds at which so many seconds are over; undefined is for ever. */
export function expiry(
  forSeconds: number | undefined,
  clock: Pick<Clock, "now">,
): number {
  if (forSeconds === undefined) return FOREVER;
  return Math.min(FOREVER, unixSeconds(clock.now()) + forSeconds);
}
