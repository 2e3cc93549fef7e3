import { Drought } from "./drought.js";

/** What one source of a sensor brought since the agent started. */
export interface CountsView {
  readonly lines: number;
  /** Of these, lines of the service that is watched. */
  readonly ofService: number;
  /** Of these, lines of which the sensor knows what they say. */
  readonly understood: number;
  /** Failures that were counted. */
  readonly failures: number;
  /** Failures that were too old to count, by their own dates. */
  readonly old: number;
  /** Sources that failed too often, and that nobody but the log knows of. */
  readonly unconfirmed: number;
  /** When the latest line of the service was read, in milliseconds since 1970. */
  readonly newest: number | undefined;
}

/** Counts it, and notices when it brings nothing that can be used. */
export class SourceCounts {
  lines = 0;
  ofService = 0;
  understood = 0;
  failures = 0;
  old = 0;
  unconfirmed = 0;
  newest: number | undefined;
  /** When the latest line of the service was read, by the clock that never jumps. */
  heardAt = -Infinity;
  understoodAt = -Infinity;
  /** Lines of the service since the last that was understood. */
  readonly unread = new Drought(MOST_UNREAD, PATIENCE_MS);
  /** Failures that were appended with old dates, since the last that counted. */
  readonly outdated = new Drought(MOST_UNREAD, PATIENCE_MS);

  view(): CountsView {
    const { lines, ofService, understood, failures } = this;
    const { old, unconfirmed, newest } = this;
    return {
      ...{ lines, ofService, understood, failures },
      ...{ old, unconfirmed, newest },
    };
  }
}

/** A quiet host has as many in a day, and understands each. */
const MOST_UNREAD = 20;
/** So long without anything that can be used is no blip. */
export const PATIENCE_MS = 600_000;
