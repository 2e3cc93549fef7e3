import type { Fields, Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { TokenBucket } from "../rate/token-bucket.js";

/**
 * Logs what others can be the cause of, each message by a token bucket of its own: a
 * stranger who makes the cloud log a thousand times a second fills no disk.
 * How many lines were left out is told with the next one.
 */
export function sparingly(
  log: Logger,
  clock: Pick<Clock, "monotonic">,
): Logger {
  // Messages are constants of this program: there are some dozens.
  const messages = new Map<string, { bucket: TokenBucket; leftOut: number }>();
  const say =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields?: Fields): void => {
      const known = messages.get(message);
      const state = known ?? {
        bucket: new TokenBucket(LINES, clock),
        leftOut: 0,
      };
      messages.set(message, state);
      if (!state.bucket.take()) {
        state.leftOut += 1;
        return;
      }
      const { leftOut } = state;
      state.leftOut = 0;
      log[level](message, leftOut === 0 ? fields : { ...fields, leftOut });
    };
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (fields) => sparingly(log.child(fields), clock),
  };
}

/** Of one message: a fleet that comes back, then some 20 MB a day at most. */
const LINES = { perSecond: 1, burst: 200 };
