import * as v from "valibot";
import { whole } from "../whole.js";

/** `contest` in `cloud.json`: how those are heard who were banned. */
export const ContestSettings = v.strictObject({
  /** True: strangers may contest bans at the public door, with a proof. */
  intake: v.optional(v.boolean(), false),
  /** Contests of strangers in an hour, of all of them together. */
  perHour: v.optional(whole(1, 1_000), 20),
  /** Hours until an answer is overdue. */
  answerWithinH: v.optional(whole(1, 720), 72),
});
export type ContestSettings = v.InferOutput<typeof ContestSettings>;
