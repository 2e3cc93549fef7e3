import type { UnixSeconds } from "../runtime/clock.js";
import type { Cidr } from "./cidr.js";
import type { RingTimes } from "./rings.js";

/**
 * One address range that may neither reach this host nor be reached from it,
 * until it expires.
 */
export interface Ban {
  readonly cidr: Cidr;
  /** Unix seconds; `FOREVER` for a ban without an end. */
  readonly expiresAt: UnixSeconds;
  /** Why, in the words of whoever decided: at most `LONGEST_REASON` bytes. */
  readonly reason: string;
  /** Counted and reported, not dropped. */
  readonly observed: boolean;
  /** When hosts begin with it, ring by ring; all of them at once unless given. */
  readonly rings?: RingTimes;
}

/** What a feed is made of: a ban, or the withdrawal of one. */
export type Op = BanOp | Lift;

export interface BanOp extends Ban {
  readonly op: "ban";
}

export interface Lift {
  readonly op: "lift";
  readonly cidr: Cidr;
}

/** 9999-12-31T23:59:59Z: later than any date, so that the longest still wins. */
export const FOREVER = 253_402_300_799;

/** Bytes of UTF-8; enough for a case number and a sentence. */
export const LONGEST_REASON = 256;
