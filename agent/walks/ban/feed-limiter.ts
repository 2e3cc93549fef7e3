import {
  Budget,
  raisedBy,
  type Limits,
  type Raised,
  type Taken,
} from "../../guard/limits.js";
import { shrinksTooMuch } from "../../guard/sanity.js";
import type { Ledger } from "../../ledger/ledger.js";
import { familyOf, isOfGroup, type FeedName } from "../../model/position.js";
import type { BanClock, UnixSeconds } from "../../runtime/clock.js";

export interface LimiterPorts {
  readonly limits: Limits;
  readonly ledger: Pick<Ledger, "standing" | "running">;
  readonly clock: Pick<BanClock, "monotonic">;
  /** What the critical keys allow a feed. */
  readonly raised: (feed: FeedName, now: UnixSeconds) => Raised;
}

/**
 * Admission control: holds each change of a feed against what the customer lets
 * feeds do here. A token bucket a feed bounds how fast bans come into force; all feeds
 * of groups have one between them, as who signs policies names as many as he likes.
 */
export class FeedLimiter {
  readonly #ports: LimiterPorts;
  /** Tokens left in each bucket, one a ban, and when that was so. */
  readonly #tokens = new Map<
    string,
    { readonly left: number; readonly at: number }
  >();

  constructor(ports: LimiterPorts) {
    this.#ports = ports;
  }

  /** Longest life of a ban that no approval lengthens, in seconds. */
  get life(): number {
    return this.#ports.limits.life;
  }

  /** The limits as text: changes whenever they do. */
  get settings(): string {
    return JSON.stringify(this.#ports.limits);
  }

  /** For bans that are added to a feed. */
  forChange(
    feed: FeedName,
    now: UnixSeconds,
    taken: Taken = { bans: 0 },
  ): Budget {
    const limits = this.#limitsOf(feed, now);
    const { all, space, spaceBeside } = this.#ports.ledger.standing(feed);
    const room = this.#room(feed, limits);
    const standing = {
      ...{ entries: all, room, taken },
      space: {
        4: space[4] + spaceBeside[4],
        6: space[6] + spaceBeside[6],
      },
    };
    return new Budget(limits, { ...standing, full: "too-many-at-once" }, now);
  }

  /** For bans of all feeds that are shown to the guard again. */
  forReview(now: UnixSeconds): ReviewBudgets {
    const budgets = new Map<FeedName, Budget>();
    const taken = new Map<string, Taken>();
    const open = (feed: FeedName): Budget => {
      const bucket = bucketOf(feed);
      const shared = taken.get(bucket) ?? { bans: 0 };
      taken.set(bucket, shared);
      const budget = this.forChange(feed, now, shared);
      budgets.set(feed, budget);
      return budget;
    };
    return {
      of: (feed) => budgets.get(feed) ?? open(feed),
      over: () => {
        for (const [feed, budget] of budgets) this.spent(feed, budget, now);
      },
    };
  }

  /** For a snapshot that is to replace what the feed has. */
  forSnapshot(feed: FeedName, now: UnixSeconds): Budget {
    const limits = this.#limitsOf(feed, now);
    const { all, own, ...mine } = this.#ports.ledger.standing(feed);
    const { ownObserved, isNew, spaceBeside } = mine;
    const rest = this.#room(feed, limits);
    const isFirst = isNew && !isOfGroup(feed);
    const room = isFirst ? Infinity : Math.max(rest, own * (limits.growth - 1));
    const standing = {
      entries: all - own - ownObserved,
      space: spaceBeside,
      room,
    };
    return new Budget(limits, { ...standing, full: "grows-too-fast" }, now);
  }

  /**
   * Takes note of how many have come into force. A usual feed's first snapshot may be
   * as large as it is, and leaves the feed its room; no other may leave less than none.
   */
  spent(feed: FeedName, budget: Budget, now: UnixSeconds): void {
    if (!budget.isBounded) return;
    const at = this.#ports.clock.monotonic();
    const room = this.#room(feed, this.#limitsOf(feed, now));
    const left = Math.max(0, room - budget.admitted);
    this.#tokens.set(bucketOf(feed), { left, at });
  }

  /** Why a snapshot of so many bans is not believed; undefined when it is. */
  shrinkage(
    feed: FeedName,
    bans: number,
    now: UnixSeconds,
  ): string | undefined {
    const { limits, ledger, raised } = this.#ports;
    if (raised(feed, now).shrink === true) return undefined;
    const { own } = ledger.standing(feed);
    if (shrinksTooMuch(limits, { from: own, to: bans }) === undefined) return;
    // Some of those may have run out meanwhile.
    return shrinksTooMuch(limits, {
      from: ledger.running(feed, now),
      to: bans,
    });
  }

  #limitsOf(feed: FeedName, now: UnixSeconds): Limits {
    return raisedBy(this.#ports.limits, this.#ports.raised(feed, now));
  }

  #room(feed: FeedName, { burst, changesPerMinute }: Limits): number {
    const room = this.#tokens.get(bucketOf(feed));
    if (room === undefined) return burst;
    const minutes = (this.#ports.clock.monotonic() - room.at) / 60_000;
    return Math.min(burst, room.left + minutes * changesPerMinute);
  }
}

/** One budget of each feed; those of one bucket have its room between them. */
export interface ReviewBudgets {
  of(feed: FeedName): Budget;
  /** Takes note of what has come into force. */
  over(): void;
}

/** Leaving a group's feed, or following one of another name, fills no bucket. */
const bucketOf = (feed: FeedName): string =>
  isOfGroup(feed) ? `${familyOf(feed)}/*` : feed;
