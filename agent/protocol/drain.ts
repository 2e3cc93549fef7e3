import * as v from "valibot";
import { limits } from "./limits.js";
import { Count, listOf } from "./shapes.js";
import { isSafeTransport } from "./transport.js";

/** An hour. */
const Span = v.pipe(Count, v.maxValue(3_600_000));

/** Where a cloud may be reached: by TLS, or on this very machine. */
const CloudUrl = v.pipe(
  v.string(),
  v.maxLength(512),
  v.check(isSafe, "is not https or wss, nor loopback"),
);

/** When and where an agent is to come back, in version 2. */
export const DrainV2 = v.strictObject({
  type: v.literal("drain"),
  /** Not before so many milliseconds. */
  afterMs: Span,
  /** After that, at a random moment within so many. */
  windowMs: Span,
  /** Tried first, one after the other; then the agent's own. */
  urls: listOf(CloudUrl, limits.drainUrls),
});

/** When and where; of version 1 only the window is said. */
export type DrainOrder = Omit<
  v.InferOutput<typeof DrainV2>,
  "type" | "urls"
> & {
  readonly urls: readonly string[];
};

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username === "" && url.password === "" && isSafeTransport(url);
}
