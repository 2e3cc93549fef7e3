import type { Boot } from "../../../agent/host/boot.js";
import type { Clock } from "../../../agent/runtime/clock.js";

/** A machine whose clocks a test moves, each for itself. Milliseconds throughout. */
export class TestMachine {
  /** What time it really is. */
  truth: number;
  /** How far the wall clock is ahead of that. */
  wallError = 0;
  #bootedAt: number;
  #slept = 0;
  #boots = 1;

  constructor(truth = Date.UTC(2026, 0, 1)) {
    this.truth = truth;
    this.#bootedAt = truth - 30_000;
  }

  get boot(): Boot {
    return {
      id: this.#boots,
      elapsed: () => this.truth - this.#bootedAt,
      awake: () => this.truth - this.#bootedAt - this.#slept,
    };
  }

  get clock(): Clock {
    return {
      now: () => this.truth + this.wallError,
      monotonic: () => this.boot.awake(),
      sleep: () => new Promise(() => undefined),
      every: () => ({ [Symbol.dispose]: () => undefined }),
    };
  }

  pass(ms: number): void {
    this.truth += ms;
  }

  suspend(ms: number): void {
    this.truth += ms;
    this.#slept += ms;
  }

  /** Stopped from outside, as virtual machines are: no clock of its own notices. */
  pause(ms: number): void {
    this.truth += ms;
    this.#bootedAt += ms;
    this.wallError -= ms;
  }

  /** Off for so long, and `wallError` as its battery has kept it. */
  reboot(offMs: number, wallError: number): void {
    this.truth += offMs;
    this.#bootedAt = this.truth;
    this.truth += 5_000;
    this.#slept = 0;
    this.#boots++;
    this.wallError = wallError;
  }
}
