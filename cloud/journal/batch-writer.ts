import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NoRoom } from "../disk/room.js";
import type { Event } from "./events.js";
import type { Journal } from "./journal.js";

/**
 * Takes down what agents say, many to one append: ten thousand receipts of one
 * ban must not cost ten thousand fsyncs.
 */
export class BatchWriter implements Disposable {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #dropped: (what: "answers-no-room") => void;
  #waiting: Event[] = [];
  #closed = false;

  constructor(ports: {
    readonly journal: Journal;
    readonly clock: Clock;
    readonly log: Logger;
    dropped(what: "answers-no-room"): void;
  }) {
    this.#journal = ports.journal;
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#dropped = (what) => ports.dropped(what);
  }

  note(event: Event): void {
    if (this.#closed) return;
    this.#waiting.push(event);
    if (this.#waiting.length >= MOST_WAITING) this.#flush();
    else if (this.#waiting.length === 1) void this.#flushSoon();
  }

  [Symbol.dispose](): void {
    this.#flush();
    this.#closed = true;
  }

  async #flushSoon(): Promise<void> {
    await this.#clock.sleep(PATIENCE_MS);
    if (!this.#closed) this.#flush();
  }

  #flush(): void {
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length === 0) return;
    try {
      this.#journal.append(events);
    } catch (error) {
      if (error instanceof NoRoom) this.#dropped("answers-no-room");
      // Bans must go on, even where the word of the agents cannot be kept.
      this.#log.error("answers not recorded", { events: events.length, error });
    }
  }
}

const PATIENCE_MS = 50;

/** About what one transaction takes in within a few milliseconds. */
const MOST_WAITING = 1_024;
