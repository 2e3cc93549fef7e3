import * as v from "valibot";

const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

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
