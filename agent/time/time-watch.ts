import type { AgentEvents } from "../events/events.js";
import type { Clock } from "../runtime/clock.js";
import type { BanTime } from "./ban-time.js";

export interface TimeWatchPorts {
  readonly time: Pick<BanTime, "look" | "hear" | "timersAreRight">;
  readonly clock: Pick<Clock, "every">;
  readonly events: Pick<AgentEvents, "clockJumped" | "timeNotKept">;
  /** Tells who looks after the host's health. */
  jumped(what: string): void;
  /** Makes the kernel count down what is right. */
  enforceSoon(): Promise<void>;
}

/**
 * Looks at the clocks every 15 seconds, and has the kernel told anew how long
 * bans last when its timeouts are not right any more.
 */
export class TimeWatch implements Disposable {
  readonly #ports: TimeWatchPorts;
  readonly #schedule: Disposable;

  constructor(ports: TimeWatchPorts) {
    this.#ports = ports;
    this.#look();
    this.#schedule = ports.clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** A head whose signature is good was dated so: milliseconds since 1970. */
  dated(date: number): void {
    this.#see(() => this.#ports.time.hear(date));
  }

  [Symbol.dispose](): void {
    this.#schedule[Symbol.dispose]();
  }

  #look(): void {
    this.#see(() => this.#ports.time.look());
  }

  /** What can't be kept is not believed either; the next look tries again. */
  #see(work: () => readonly string[]): void {
    const { time, events } = this.#ports;
    try {
      for (const what of work()) {
        events.clockJumped(what);
        this.#ports.jumped(what);
      }
    } catch (error) {
      events.timeNotKept(error);
    }
    if (time.timersAreRight()) return;
    void this.#ports.enforceSoon();
  }
}

/** With what else looks every 15 seconds, so that a processor wakes no more often. */
const LOOK_EVERY_MS = 15_000;
