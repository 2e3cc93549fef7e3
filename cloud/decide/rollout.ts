import * as v from "valibot";
import type { Cidr } from "../../agent/model/cidr.js";
import { bits } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { whole } from "../whole.js";
import { ringTimes, type Waits } from "./waits.js";
import { isWider } from "./widths.js";

/** Seconds that a ring waits for the one before: ten days at most. */
const Wait = whole(1, 10 * 24 * 60 * 60);

/** `rollout` in `cloud.json`: what goes to hosts ring by ring by itself. */
export const RolloutSettings = v.strictObject({
  /** False: only what is ordered in rings goes so. */
  enabled: v.optional(v.boolean(), true),
  /** The shortest prefixes that all hosts get at once. */
  widestV4: v.optional(whole(0, 32), 20),
  widestV6: v.optional(whole(0, 128), 40),
  /** An import with more ranges that are new goes ring by ring as a whole. */
  ranges: v.optional(whole(1, 4_000_000), 10_000),
  /** How long the 2nd, 3rd and 4th ring wait for the one before, in seconds. */
  waits: v.optional(v.strictTuple([Wait, Wait, Wait]), [600, 1_800, 3_600]),
});
export type RolloutSettings = v.InferOutput<typeof RolloutSettings>;

export interface RolloutPorts {
  readonly clock: Pick<Clock, "now">;
  /** Whether all agents that follow the feed read ring times. */
  readsRings(feed: FeedName): boolean;
}

/** The terms of an order that say whether it goes ring by ring, and how fast. */
interface RolledOut {
  readonly observed: boolean;
  readonly atOnce?: boolean | undefined;
  /** How long it lasts; undefined is for ever. */
  readonly forSeconds: number | undefined;
}

/** What ends soon has begun everywhere within a quarter of its life. */
function within(waits: Waits, seconds: number): Waits {
  const [early, broad, all] = waits;
  const share = Math.min(1, seconds / 4 / (early + broad + all));
  const shorter = (wait: number) => Math.max(1, Math.floor(wait * share));
  return [shorter(early), shorter(broad), shorter(all)];
}

/** What may hurt many goes to few hosts first: 1 %, then 10 %, half, and all. */
export class Rollout {
  readonly #settings: RolloutSettings;
  readonly #ports: RolloutPorts;

  constructor(settings: RolloutSettings, ports: RolloutPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /**
   * When hosts begin with what of an order is large, if they do ring by ring;
   * undefined: all of it is everybody's at once.
   */
  timesFor(
    feed: FeedName,
    { observed, atOnce = false, forSeconds = Infinity }: RolledOut,
  ): RingTimes | undefined {
    const { enabled, waits } = this.#settings;
    if (!enabled || observed || atOnce) return undefined;
    if (!this.#ports.readsRings(feed)) return undefined;
    return ringTimes(within(waits, forSeconds), this.#ports.clock);
  }

  isWide(cidr: Cidr): boolean {
    return isWider(cidr, this.#settings);
  }

  /** Whether a range is large by itself, or as one of so many that are new. */
  isLarge(feed: FeedName, cidr: Cidr, news: number): boolean {
    if (this.isWide(cidr)) return true;
    if (news <= this.#settings.ranges) return false;
    // A single address that is urgent waits for nobody.
    return feed !== "urgent" || cidr.prefix < bits(cidr.family);
  }
}
