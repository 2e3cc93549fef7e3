import {
  setImmediate as turn,
  setTimeout as sleep,
} from "node:timers/promises";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#add(ms, resolve);
      const stop = () => {
        this.#timers.delete(timer);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
  }

  every(ms: number, tick: () => void): Disposable {
    const timer = this.#add(ms, tick, ms);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** In how many milliseconds each timer is due, the soonest first. */
  get due(): readonly number[] {
    return this.#inOrder().map(({ atMs }) => atMs - this.#elapsedMs);
  }

  /** Sets the wall clock, which is no time that passes. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves on, timer by timer, and lets what they set off happen. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    for (;;) {
      const [timer] = this.#inOrder();
      if (timer === undefined || timer.atMs > endMs) break;
      this.#moveTo(timer.atMs);
      if (timer.againMs === undefined) this.#timers.delete(timer);
      else timer.atMs += timer.againMs;
      timer.run();
      await turn();
    }
    this.#moveTo(endMs);
    await turn();
  }

  #add(ms: number, run: () => void, againMs?: number): Timer {
    const timer: Timer = { atMs: this.#elapsedMs + ms, run, againMs };
    this.#timers.add(timer);
    return timer;
  }

  #inOrder(): Timer[] {
    return [...this.#timers].sort((a, b) => a.atMs - b.atMs);
  }

  #moveTo(elapsedMs: number): void {
    this.#nowMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

/** The system's, as if so many milliseconds more had passed, for whoever asks. */
export const laterBy = (aheadMs: () => number): Clock => ({
  ...systemClock,
  now: () => systemClock.now() + aheadMs(),
  monotonic: () => systemClock.monotonic() + aheadMs(),
});

interface Timer {
  atMs: number;
  readonly run: () => void;
  readonly againMs: number | undefined;
}

/** Returns once it is so; what never comes about fails with its description. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
  lookEveryMs = LOOK_EVERY_MS,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`never: ${what}`);
    await sleep(lookEveryMs);
  }
}

/** Long, for two cores that do other things as well: only what fails waits for it. */
const PATIENCE_MS = 20_000;

/** As often as the operators' API lets one ask for long. */
const LOOK_EVERY_MS = 10;
