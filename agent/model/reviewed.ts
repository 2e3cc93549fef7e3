import type { UnixSeconds } from "../runtime/clock.js";
import type { Ban, Lift } from "./ban.js";

/** An op that the guards have seen, and what they said of it. */
export type ReviewedOp = ReviewedBanOp | Lift;

export interface ReviewedBan extends Ban {
  /** The rule that stopped the ban; without one it may be enforced. */
  readonly held?: string;
  /** When this host's ring has its turn; only until then. */
  readonly ringAt?: UnixSeconds;
  /** A sensor of this host decided on it. */
  readonly bySensor?: boolean;
}

/** What a host decides itself: whose bans and lifts nobody signs. */
export type OwnOp = ReviewedBan | Lift;

export interface ReviewedBanOp extends ReviewedBan {
  readonly op: "ban";
}
