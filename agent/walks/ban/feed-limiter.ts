import {
  Budget,
  raisedBy,
  type Limits,
  type Raised,
} from "../../guard/limits.js";
import { shrinksTooMuch } from "../../guard/sanity.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { FeedName } from "../../model/position.js";
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
 * feeds do here. A token bucket a feed bounds how fast bans come into force.
 */
export class FeedLimiter {
  readonly #ports: LimiterPorts;
  /** Tokens left in each feed's bucket, one a ban, and when that was so. */
  readonly #tokens = new Map<
    FeedName,
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

  /** For bans that are added to a feed, or shown to the guard again. */
  forChange(feed: FeedName, now: UnixSeconds): Budget {
    const limits = this.#limitsOf(feed, now);
    const { all, space } = this.#ports.ledger.standing(feed);
    const room = this.#room(feed, limits);
    const standing = { entries: all, space, room };
    return new Budget(limits, { ...standing, full: "too-many-at-once" }, now);
  }

  /** For a snapshot that is to replace what the feed has. */
  forSnapshot(feed: FeedName, now: UnixSeconds): Budget {
    const limits = this.#limitsOf(feed, now);
    const { all, own, ...mine } = this.#ports.ledger.standing(feed);
    const { ownObserved, isNew } = mine;
    const rest = this.#room(feed, limits);
    const room = isNew ? Infinity : Math.max(rest, own * (limits.growth - 1));
    const standing = {
      entries: all - own - ownObserved,
      space: { 4: 0, 6: 0 },
      room,
    };
    return new Budget(limits, { ...standing, full: "grows-too-fast" }, now);
  }

  /**
   * Takes note of how many have come into force. A feed's first snapshot may be as
   * large as it is, and leaves the feed its room; no other may leave less than none.
   */
  spent(feed: FeedName, budget: Budget, now: UnixSeconds): void {
    if (!budget.isBounded) return;
    const at = this.#ports.clock.monotonic();
    const room = this.#room(feed, this.#limitsOf(feed, now));
    this.#tokens.set(feed, { left: Math.max(0, room - budget.admitted), at });
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
    const room = this.#tokens.get(feed);
    if (room === undefined) return burst;
    const minutes = (this.#ports.clock.monotonic() - room.at) / 60_000;
    return Math.min(burst, room.left + minutes * changesPerMinute);
  }
}
