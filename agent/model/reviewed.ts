import type { BanOp, Lift } from "./ban.js";

/** An op that the guards have seen, and what they said of it. */
export type ReviewedOp = ReviewedBan | Lift;

export interface ReviewedBan extends BanOp {
  /** The rule that stopped the ban; without one it may be enforced. */
  readonly held?: string;
}
