import * as v from "valibot";
import { whole } from "../whole.js";

/** When open flows make a ban dangerous, and how long hosts are waited for. */
const Flows = v.strictObject({
  /** More hosts than so many began flows with it themselves that are open. */
  hosts: v.optional(whole(0, 100_000), 3),
  /** Who has not answered by then is not counted. */
  withinMs: v.optional(whole(50, 5_000), 500),
});

/** `twoPersons` in `cloud.json`: which orders take a second person. */
export const TwoPersonsSettings = v.strictObject({
  /** False: only what machines order beyond their limits waits for a person. */
  enabled: v.optional(v.boolean(), true),
  /**
   * The shortest prefixes that one person bans; by default those that hosts take
   * without an approval, so that an unattended list seldom waits.
   */
  widestV4: v.optional(whole(0, 32), 16),
  widestV6: v.optional(whole(0, 128), 32),
  /** Null: hosts are not asked. */
  flows: v.optional(v.nullable(Flows), {}),
  /** More than this part of a list's bans are to be lifted at once. */
  list: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.5),
  /** Seconds that a second person has. */
  proposalForS: v.optional(whole(60, 30 * 24 * 60 * 60), 24 * 60 * 60),
});
export type TwoPersonsSettings = v.InferOutput<typeof TwoPersonsSettings>;
