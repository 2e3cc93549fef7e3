import type { Fields, Logger } from "./logger.js";

/**
 * Keeps a log from being filled: of each message, whatever its fields, a bounded
 * number of bytes is written in a minute. What is left out is counted, and said
 * when the minute is over. Whoever makes one thing happen without end does not
 * push the rest out.
 */
export function paced(
  log: Logger,
  clock: PaceClock,
  hasDebug: () => boolean,
): Logger {
  const minutes = new Map<string, Minute>();

  function tellLeftOut(message: string, timer: Disposable): void {
    timer[Symbol.dispose]();
    const { left = 0 } = minutes.get(message) ?? {};
    minutes.delete(message);
    log.warn("left out of the log what came too often", { message, left });
  }

  /** Whether one more of a kind may be written. */
  function admit(message: string, fields: Fields | undefined): boolean {
    const now = clock.monotonic();
    const before = minutes.get(message);
    const isOn = before !== undefined && now - before.began < MINUTE_MS;
    const minute = isOn ? before : { began: now, bytes: 0, left: 0 };
    minutes.set(message, minute);
    if (minute.left === 0) {
      minute.bytes += message.length + sizeOf(fields);
      if (minute.bytes <= MOST_BYTES) return true;
      const timer = clock.every(MINUTE_MS, () => tellLeftOut(message, timer));
    }
    minute.left++;
    return false;
  }

  const wrap = (target: Logger): Logger => {
    const say =
      (level: "debug" | "info" | "warn" | "error") =>
      (message: string, fields?: Fields) => {
        if (level === "debug" && !hasDebug()) return; // nobody sees them
        if (admit(`${level}: ${message}`, fields)) {
          target[level](message, fields);
        }
      };
    return {
      debug: say("debug"),
      info: say("info"),
      warn: say("warn"),
      error: say("error"),
      child: (fields) => wrap(target.child(fields)),
    };
  };
  return wrap(log);
}

export interface PaceClock {
  monotonic(): number;
  every(ms: number, tick: () => void): Disposable;
}

interface Minute {
  readonly began: number;
  bytes: number;
  left: number;
}

/** About what is written of them. */
const sizeOf = (fields: Fields | undefined): number =>
  AROUND_BYTES + (fields === undefined ? 0 : JSON.stringify(fields).length);

/** Date, level, and the names of fields that are errors. */
const AROUND_BYTES = 128;

/** Some 300 lines a minute of each kind. */
export const MOST_BYTES = 64 * 1024;

const MINUTE_MS = 60_000;
