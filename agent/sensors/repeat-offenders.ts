import { RecentMap } from "./recent-map.js";

/**
 * How long a source is banned for: twice as long each time it comes back after a
 * ban has run out, up to a week. It is forgotten once it kept quiet for as long
 * again as its last ban, and when the agent restarts.
 */
export class RepeatOffenders {
  readonly #bantimeSeconds: () => number;
  readonly #most: number;
  readonly #known = new RecentMap<Banned>();

  /**
   * @param bantimeSeconds of a first ban by now
   * @param most so many sources are remembered; the oldest are let go of
   */
  constructor(bantimeSeconds: () => number, most: number) {
    this.#bantimeSeconds = bantimeSeconds;
    this.#most = most;
  }

  /** Takes note of a ban from `now` on (Unix seconds); returns its seconds. */
  sentence(source: string, now: number): number {
    const seconds = this.#secondsFor(this.#known.get(source), now);
    this.#known.set(source, { until: now + seconds, seconds });
    this.#known.bound(this.#most);
    return seconds;
  }

  /** What is logged while a ban begins to work is no new offence. */
  #secondsFor(last: Banned | undefined, now: number): number {
    const first = this.#bantimeSeconds();
    if (last === undefined) return first;
    if (now < last.until) return last.seconds;
    if (now >= last.until + last.seconds) return first;
    return Math.max(first, Math.min(2 * last.seconds, LONGEST_BAN_SECONDS));
  }
}

interface Banned {
  /** Unix seconds. */
  readonly until: number;
  readonly seconds: number;
}

const LONGEST_BAN_SECONDS = 7 * 86_400;
