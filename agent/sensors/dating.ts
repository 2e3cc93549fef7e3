import type { Arrival, LogDate } from "./sensor-ports.js";

/**
 * Judges how long ago lines of one log were logged, by the dates they carry.
 *
 * A date without a zone is taken for this host's time, unless lines that have
 * just been appended say another: what is off by quarters of an hour, to within
 * some seconds, is logged by a clock of another zone, or of the other half of
 * the year. Lines of a file that is read from its start teach nothing, and what
 * such a file has from before the newest date that was taken is a copy.
 */
export class Dating {
  readonly #mostMs: () => number;
  readonly #hostAhead: (nowMs: number) => number;
  /** What the log's dates were last seen to be ahead of UTC by. */
  #aheadMs: number | undefined;
  /** The newest date that was taken, as the log writes it. */
  #newest = -Infinity;
  /** What it was when the log was last read to its end. */
  #newestBefore = -Infinity;
  #isCopy = false;

  /**
   * @param mostMs what is older by now is no news
   * @param hostAhead milliseconds that this host's time is ahead of UTC
   */
  constructor(mostMs: () => number, hostAhead = aheadHere) {
    this.#mostMs = mostMs;
    this.#hostAhead = hostAhead;
  }

  /** All that is in the log has been read: what follows is appended. */
  caughtUp(): void {
    this.#newestBefore = this.#newest;
    this.#isCopy = false;
  }

  /** Takes note of the date of a line that is read again and says nothing else. */
  passed(date: LogDate | undefined): void {
    if (date !== undefined && date.ms < this.#newestBefore - DISORDER_MS) {
      this.#isCopy = true;
    }
  }

  /**
   * Milliseconds since the line was logged; undefined when that is no news, as it
   * is too old or was read before. What claims to come from the future is of now
   * when it was appended, since clocks are set back, and no news otherwise.
   */
  ageOf(
    date: LogDate | undefined,
    arrival: Arrival,
    nowMs: number,
  ): number | undefined {
    const age =
      arrival === "appended"
        ? this.#ageAppended(date, nowMs)
        : this.#ageAgain(date, nowMs);
    if (age === undefined || age >= this.#mostMs()) return undefined;
    const isPast = date !== undefined && age >= 0;
    if (isPast && date.ms > this.#newest) this.#newest = date.ms;
    return Math.max(0, age);
  }

  #ageAppended(date: LogDate | undefined, nowMs: number): number {
    if (date === undefined) return 0;
    const age = this.#knownAge(date, nowMs);
    if (date.zoned || (age >= -AHEAD_MS && age < this.#mostMs())) return age;
    const ahead = Math.round((date.ms - nowMs) / QUARTER_MS) * QUARTER_MS;
    const rest = nowMs + ahead - date.ms;
    const isZone = ahead >= FURTHEST_WEST_MS && ahead <= FURTHEST_EAST_MS;
    if (!isZone || Math.abs(rest) > PROMPT_MS) return age;
    this.#aheadMs = ahead;
    return rest;
  }

  #ageAgain(date: LogDate | undefined, nowMs: number): number | undefined {
    this.passed(date);
    if (date === undefined) return undefined;
    if (this.#isCopy && date.ms <= this.#newestBefore) return undefined;
    const age = this.#knownAge(date, nowMs);
    return age < -AHEAD_MS ? undefined : age;
  }

  #knownAge({ ms, zoned }: LogDate, nowMs: number): number {
    if (zoned) return nowMs - ms;
    return nowMs + (this.#aheadMs ?? this.#hostAhead(nowMs)) - ms;
  }
}

const aheadHere = (nowMs: number): number =>
  -new Date(nowMs).getTimezoneOffset() * 60_000;

const QUARTER_MS = 15 * 60_000;
const FURTHEST_WEST_MS = -12 * 3_600_000;
const FURTHEST_EAST_MS = 14 * 3_600_000;

/** From a line's date until it is read; an old line looks so one time in 45. */
const PROMPT_MS = 10_000;
/** Clocks that are set bit by bit differ by less. */
const AHEAD_MS = 120_000;
/** Lines of several programs may be out of order by so much. */
const DISORDER_MS = 2_000;
