import * as v from "valibot";
import { whole } from "../whole.js";

/** Rules that are published may look back for a week. */
const LONGEST_WINDOW_MS = 24 * 60 * 60 * 1000;

/** `correlation` in `cloud.json`: when detections become a ban for everybody. */
export const CorrelationSettings = v.strictObject({
  /**
   * How many different orgs of standing have to detect an attacker. One alone
   * can never ban for all the others; 0 turns the rule off.
   */
  orgs: v.optional(
    v.pipe(
      whole(0, 1_000),
      v.check((orgs) => orgs !== 1, "one org alone may not ban for everybody"),
    ),
    3,
  ),
  /** An org counts once it has hosts that were seen over so many days, */
  standingDays: v.optional(whole(0, 3_650), 14),
  /** so many of them, */
  standingHosts: v.optional(whole(1, 10_000), 2),
  /**
   * and others, who did not see this very attacker, saw so many of the same
   * attackers within 30 days. Without that an org weighs half. 0 asks nobody.
   */
  standingConfirmed: v.optional(whole(0, 1_000), 3),
  /**
   * How many different hosts, of whichever org and standing. 0, which is usual,
   * turns it off: it is for a vendor whose hosts are all its own.
   */
  hosts: v.optional(whole(0, 100_000), 0),
  /** Within how many milliseconds. */
  windowMs: v.optional(whole(1_000, LONGEST_WINDOW_MS), 10 * 60 * 1000),
  /** Seconds that a ban lasts. */
  banForS: v.optional(whole(60, 30 * 24 * 60 * 60), 4 * 60 * 60),
  /** Bans in any 60 seconds, shared among orgs; what is over waits its turn. */
  maxPerMinute: v.optional(whole(1, 100_000), 60),
  /** Seconds that a person has for what no rule may decide. */
  proposalForS: v.optional(whole(60, 30 * 24 * 60 * 60), 24 * 60 * 60),
});
export type CorrelationSettings = v.InferOutput<typeof CorrelationSettings>;
