import { RecentMap } from "./recent-map.js";

/** What a source is held against; what was counted stays where they change. */
export interface Bounds {
  /** Failures count for so many milliseconds. */
  readonly findtimeMs: number;
  /** So many of them are too many. */
  readonly maxretry: number;
}

export interface WindowOptions {
  bounds(): Bounds;
  /** A source that failed too often is not listened to for so long. */
  readonly restMs: number;
  /** At most so many sources are remembered; the longest quiet are let go of. */
  readonly mostSources: number;
}

/** A source has failed too often. Times are of the window's own clock. */
export interface Offence {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/**
 * Counts failures by source. Time is handed in as milliseconds of a clock that
 * never goes back, so that no jump of the wall clock makes an innocent's
 * failures meet, or has an attacker's forgotten; a time before the latest is
 * taken for the latest.
 */
export class FailureWindow {
  readonly #options: WindowOptions;
  readonly #sources = new RecentMap<Times>();
  /** Until when each is not listened to, in the order of their offences. */
  readonly #resting = new RecentMap<number>();
  #latest = -Infinity;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** How many sources are remembered. */
  get size(): number {
    return this.#sources.size + this.#resting.size;
  }

  /** Adds `count` failures; if it is too many, the source starts from none. */
  add(source: string, at: number, count = 1): Offence | undefined {
    const now = this.#advance(at);
    const { maxretry } = this.#options.bounds();
    if ((this.#resting.get(source) ?? -Infinity) > now) return undefined;
    const times = this.#stillCounting(source, now);
    for (let i = 0; i < count; i++) times.push(now);
    this.#sources.delete(source);
    if (times.length < maxretry) {
      this.#sources.set(source, times);
      this.#letGo(now);
      return undefined;
    }
    this.#rest(source, now);
    return { count: times.length, firstAt: times[0] ?? now, lastAt: now };
  }

  /** Takes back the latest `count` failures of the source. */
  takeBack(source: string, count: number): void {
    const times = this.#sources.get(source);
    if (times === undefined) return;
    times.length = Math.max(0, times.length - count);
    if (times.length === 0) this.#sources.delete(source);
  }

  #advance(at: number): number {
    this.#latest = Math.max(this.#latest, at);
    return this.#latest;
  }

  #stillCounting(source: string, now: number): Times {
    const times = this.#sources.get(source);
    if (times === undefined) return [];
    const oldest = now - this.#options.bounds().findtimeMs;
    const expired = times.findIndex((time) => time > oldest);
    if (expired < 0) return [];
    if (expired > 0) times.splice(0, expired);
    return times;
  }

  #rest(source: string, now: number): void {
    this.#resting.set(source, now + this.#options.restMs);
    this.#resting.bound(this.#options.mostSources);
    for (let looked = 0; looked < LOOKED_AT_ONCE; looked++) {
      const first = this.#resting.oldest() ?? "";
      if ((this.#resting.get(first) ?? Infinity) > now) return;
      this.#resting.delete(first);
    }
  }

  /** In the order of the last failures: what is over stands in front. */
  #letGo(now: number): void {
    this.#sources.bound(this.#options.mostSources);
    const over = now - this.#options.bounds().findtimeMs;
    for (let looked = 0; looked < LOOKED_AT_ONCE; looked++) {
      const first = this.#sources.oldest() ?? "";
      if ((this.#sources.get(first)?.at(-1) ?? Infinity) > over) return;
      this.#sources.delete(first);
    }
  }
}

/** When each failure was, the first one first; fewer than the `maxretry` of then. */
type Times = number[];

/** More than one comes with each failure, so that the rest is soon gone too. */
const LOOKED_AT_ONCE = 4;
