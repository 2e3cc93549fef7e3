import {
  areNear,
  begin,
  hear,
  keep,
  look,
  NEAR_MS,
  STEP_MS,
  timeOf,
  type Belief,
  type Reading,
} from "../expiry/belief.js";
import type { Boot } from "../host/boot.js";
import type { Ledger } from "../ledger/ledger.js";
import type { Redating } from "../ledger/time.js";
import {
  banClock,
  unixSeconds,
  type BanClock,
  type BanMs,
  type Clock,
} from "../runtime/clock.js";

export interface BanTimePorts {
  readonly clock: Clock;
  readonly boot: Boot;
  readonly ledger: Pick<Ledger, "timeKept" | "keepTime">;
}

/**
 * The time by which bans expire, which no jump of the wall clock moves. What it
 * is believed to be is kept in the ledger, so that it goes on after a restart.
 */
export class BanTime implements Disposable {
  /** The clock for whatever asks how long a ban still runs. */
  readonly clock: BanClock;
  readonly #ports: BanTimePorts;
  #belief: Belief;
  #told: number | null;
  /** When it was last written down. */
  #keptAt = -Infinity;
  #before: Moment;
  /** What is odd, and was not told yet. */
  #odd: string[];
  /** The newest signed date. */
  #newest = -Infinity;

  /** Writes nothing, so that an agent also starts on a full disk. */
  constructor(ports: BanTimePorts) {
    const { clock, boot, ledger } = ports;
    this.#ports = ports;
    this.clock = banClock(this, clock);
    const kept = ledger.timeKept();
    this.#before = this.#read();
    this.#belief = begin(kept, boot.id, this.#before);
    this.#told = kept?.boot === boot.id ? kept.told : null;
    this.#odd = [...startOf(this.#belief)];
  }

  /** Milliseconds since 1970; goes back only where the cloud's date says so. */
  now(): BanMs {
    return this.#belief.offset + this.#ports.boot.elapsed();
  }

  /**
   * Looks at the clocks, and says in words for people what is odd about them.
   * @throws LedgerDamage; all is as it was then
   */
  look(): readonly string[] {
    const at = this.#read();
    const belief = look(this.#belief, at);
    const movedMs = belief.offset - this.#belief.offset;
    this.#become(belief, at);
    const odd = [...this.#odd, ...oddities(this.#before, at, movedMs)];
    this.#odd = [];
    this.#before = at;
    return odd;
  }

  /**
   * Hears the date of a head whose signature is good. Returns, in words, what is
   * odd about the clocks since the look before; mostly nothing.
   * @throws LedgerDamage; all is as it was then
   */
  hear(date: number): readonly string[] {
    if (date <= this.#newest) return [];
    const at = this.#read();
    const belief = hear(this.#belief, at, date);
    const movedMs = belief.offset - this.#belief.offset;
    this.#become(belief, at);
    this.#newest = date;
    const now = timeOf(belief, at);
    if (!areNear(now, date)) {
      return [
        `the cloud's clock is ${seconds(date - now)} from this host's, and is not followed`,
      ];
    }
    if (Math.abs(movedMs) <= STEP_MS) return [];
    return [
      `by the cloud's date the time was corrected by ${seconds(movedMs)}, and the kernel is told anew how long bans last`,
    ];
  }

  /**
   * Whether what the kernel counts down ends when it should: no more, once the
   * host was suspended or the time was corrected.
   */
  timersAreRight(): boolean {
    const lag = lagOf(this.#belief, this.#read());
    return this.#told !== null && Math.abs(lag - this.#told) <= STEP_MS;
  }

  /**
   * The kernel is about to be told how long each ban lasts; call what is returned
   * once it has taken all of them.
   */
  telling(): () => void {
    const lag = Math.round(lagOf(this.#belief, this.#read()));
    return () => {
      this.#told = lag;
      this.#keptAt = -Infinity; // the next look writes it down
    };
  }

  /** The next one goes on from here; on a full disk, from the last look. */
  [Symbol.dispose](): void {
    try {
      this.#keep(this.#belief, this.#read());
    } catch {
      return;
    }
  }

  #read(): Moment {
    const { clock, boot } = this.#ports;
    return {
      wall: clock.now(),
      elapsed: boot.elapsed(),
      awake: boot.awake(),
    };
  }

  /** Written first, then believed. */
  #become(belief: Belief, at: Moment): void {
    const before = this.#belief;
    const isNews =
      belief.at !== before.at ||
      Math.abs(belief.offset - before.offset) > BLIP_MS;
    if (isNews || at.elapsed - this.#keptAt >= KEEP_EVERY_MS) {
      this.#keep(belief, at, this.#redating(belief, at));
    }
    this.#belief = belief;
  }

  /**
   * A ban by this host itself was to last so long from when it was made, and
   * does so whatever the time has turned out to be.
   */
  #redating({ offset }: Belief, at: Moment): Redating | undefined {
    const movedMs = offset - this.#belief.offset;
    if (movedMs <= STEP_MS) return undefined;
    const runningAt = unixSeconds(timeOf(this.#belief, at));
    return { feed: "local", runningAt, seconds: Math.ceil(movedMs / 1_000) };
  }

  #keep(belief: Belief, at: Moment, redating?: Redating): void {
    const { boot, ledger } = this.#ports;
    const kept = { ...keep(belief, boot.id, at), told: this.#told };
    ledger.keepTime(kept, redating);
    this.#keptAt = at.elapsed;
  }
}

interface Moment extends Reading {
  readonly awake: number;
}

/** How far the time is ahead of the clock that kernel timeouts run on. */
const lagOf = (belief: Belief, at: Moment): number =>
  timeOf(belief, at) - at.awake;

/** A boot that begins with a wall clock far from where time was left. */
function* startOf(belief: Belief): Iterable<string> {
  if (belief.at !== "resumed") return;
  const aheadMs = belief.wall - belief.offset;
  if (Math.abs(aheadMs) <= NEAR_MS) return;
  yield `at the boot the wall clock was ${seconds(aheadMs)} from where the time was left; bans go on from there until the cloud's date says what is right`;
}

function* oddities(
  before: Moment,
  at: Moment,
  movedMs: number,
): Iterable<string> {
  const jump = at.wall - at.elapsed - (before.wall - before.elapsed);
  const slept = at.elapsed - at.awake - (before.elapsed - before.awake);
  if (slept > STEP_MS) {
    yield `the host slept for ${seconds(slept)}, and the kernel is told anew how long bans last`;
  }
  const isFollowed = movedMs > STEP_MS;
  if (Math.abs(jump) > STEP_MS && !isFollowed) {
    yield `the wall clock was moved by ${seconds(jump)}; bans expire as if it had not been`;
  }
  if (isFollowed) {
    yield `the wall clock is taken for right: the time went on by ${seconds(movedMs)}, and the kernel is told anew how long bans last`;
  }
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** Two clocks are not read at the same moment, and a write costs more than it. */
const BLIP_MS = 1_000;

/** What a power cut costs at most: so much of the time is lived again. */
const KEEP_EVERY_MS = 60_000;
