import type { UnixSeconds } from "../runtime/clock.js";
import type { Cidr } from "./cidr.js";

/**
 * One range that the kernel must drop or, if merely observed, count: the union
 * of every feed's bans on it. The longest expiry wins, and a held ban does not
 * count. A range may have one entry of each kind; the one that drops wins for as
 * long as it lasts.
 */
export interface Entry {
  readonly cidr: Cidr;
  /** Unix seconds, `FOREVER` included. */
  readonly expiresAt: UnixSeconds;
  /** Counted and reported, not dropped. */
  readonly observed: boolean;
}

/** A change of the ruleset that the kernel takes in whole or not at all. */
export interface RulesetChange {
  readonly revision: number;
  /** All that there is to be of these ranges, present before or not. */
  readonly put: readonly Entry[];
  /** Ranges of which nothing must be left, present before or not. */
  readonly remove: readonly Cidr[];
}
