import type { Cidr } from "./cidr.js";
import type { Position } from "./position.js";

/** What became of a segment or a snapshot. */
export interface Recorded {
  readonly revision: number;
  /** Bans that may be enforced. */
  readonly banned: number;
  /** Bans that are counted and reported, not dropped. */
  readonly observed: number;
  /** Lifts that took back a ban. */
  readonly lifted: number;
  /** Bans that had run out before they came, so that nothing is kept of them. */
  readonly expired: number;
  readonly heldTotal: number;
  /** The first of the bans that a guard stopped, `MOST_HELD_TOLD` at most. */
  readonly held: readonly HeldRange[];
}

/** A range whose ban a guard stopped, and by which of its rules. */
export interface HeldRange {
  readonly cidr: Cidr;
  readonly held: string;
}

/** The same as it is remembered. */
export interface PastOutcome {
  readonly kind: "segment" | "snapshot";
  readonly position: Omit<Position, "hash">;
  readonly revision: number;
  readonly banned: number;
  readonly observed: number;
  readonly lifted: number;
  readonly expired: number;
  /** How many bans a guard stopped. */
  readonly held: number;
  /** Unix seconds. */
  readonly recordedAt: number;
}
