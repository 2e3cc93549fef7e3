import type { Cidr } from "./cidr.js";

/**
 * One range that the kernel must drop: the union of every feed's bans on it.
 * The longest expiry wins, and a held ban does not count.
 */
export interface Entry {
  readonly cidr: Cidr;
  /** Unix seconds, `FOREVER` included. */
  readonly expiresAt: number;
}

/** A change of the ruleset that the kernel takes in whole or not at all. */
export interface RulesetChange {
  readonly revision: number;
  /** Ranges that must be dropped until their expiry, present before or not. */
  readonly put: readonly Entry[];
  /** Ranges that must not be dropped any more, present before or not. */
  readonly remove: readonly Cidr[];
}
