import type { LogSight } from "../../agent/keyring/log-monitor.js";
import { isoTime } from "../../agent/text/time.js";

/** What this host was shown of the cloud's log. Times are ISO 8601. */
export interface LogView {
  /** The newest that was believed; null before the first. */
  readonly head: {
    readonly origin: string;
    readonly leaves: number;
    /** SHA-256, in hex. */
    readonly root: string;
    /** Until when it was said to stand there. */
    readonly good: string;
    /** When this host saw the log first. */
    readonly begun: string;
  } | null;
  /** What contradicted it last; null for nothing. */
  readonly forked: {
    readonly origin: string;
    readonly what: string;
    readonly at: string;
  } | null;
}

export const logView = ({ head, fork }: LogSight): LogView => ({
  head: head
    ? {
        origin: head.origin,
        leaves: head.size,
        root: Buffer.from(head.root).toString("hex"),
        good: isoTime(head.good),
        begun: isoTime(head.begun),
      }
    : null,
  forked: fork
    ? { origin: fork.origin, what: fork.what, at: isoTime(fork.at) }
    : null,
});
