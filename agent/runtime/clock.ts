import { setTimeout as sleep } from "node:timers/promises";

/**
 * Milliseconds since 1970. The property is on no number: with it the compiler
 * tells units and clocks apart, while a plain number goes for either.
 */
export type UnixMs = number & { readonly unit?: "ms" };

/** Whole seconds since 1970: what bans and the kernel's timeouts count in. */
export type UnixSeconds = number & { readonly unit?: "s" };

/** Milliseconds since 1970 by the system's clock, which may jump. */
export type WallMs = UnixMs & { readonly clock?: "wall" };

/** Milliseconds since 1970 by which bans expire; see time/ban-time.ts. */
export type BanMs = UnixMs & { readonly clock?: "ban" };

/** Time, handed in wherever it matters, so that tests can hold it. */
export interface Clock extends Ticks {
  now(): WallMs;
}

/** The time by which bans expire: no jump of the wall clock moves it. */
export interface BanClock extends Ticks {
  now(): BanMs;
}

interface Ticks {
  /** Milliseconds that never go back, for durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `tick` every `ms` until disposed; does not keep a process alive. */
  every(ms: number, tick: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
  every: (ms, tick) => {
    const timer = setInterval(tick, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};

/** A clock that says another time, and runs as the system's does. */
export const banClock = (time: { now(): BanMs }, ticks: Ticks): BanClock => ({
  now: () => time.now(),
  monotonic: () => ticks.monotonic(),
  sleep: (ms, signal) => ticks.sleep(ms, signal),
  every: (ms, tick) => ticks.every(ms, tick),
});

/** For who has no ledger that keeps the time of bans: the same time for both. */
export const asBanClock = (clock: Clock): BanClock =>
  // A number for itself is of no clock; that is what is said here on purpose.
  banClock({ now: () => Number(clock.now()) }, clock);

export const systemBanClock: BanClock = asBanClock(systemClock);

/** Whole Unix seconds of a time in milliseconds. */
export const unixSeconds = (ms: UnixMs): UnixSeconds => Math.floor(ms / 1000);
