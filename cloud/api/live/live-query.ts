import * as v from "valibot";
import { wholeNumber } from "../fields.js";

/** Milliseconds between signs of life, where nobody asks for others. */
export const USUAL_BEAT_MS = 25_000;

/** How a stream is asked for. */
export const LiveQuery = v.strictObject({
  after: v.optional(wholeNumber()),
  /** Milliseconds: a page shows within a second that its stream is broken. */
  beat: v.optional(wholeNumber(250, 60_000)),
});
