import type { Clock } from "../../agent/runtime/clock.js";
import type { Event } from "./events.js";
import type { Journal } from "./journal.js";

export interface BatchWriterPorts {
  readonly journal: Pick<Journal, "append">;
  readonly clock: Pick<Clock, "sleep">;
  /** What one append takes in: with so much in hand nothing waits any longer. */
  readonly most: { readonly items: number; readonly bytes: number };
  /** So many events were not taken down, and nobody tries again. */
  failed(error: unknown, events: number): void;
}

/** What an event adds to its batch. */
export interface Weight {
  readonly items?: number;
  readonly bytes?: number;
  /** It goes with this very turn; others have a little time. */
  readonly urgent?: boolean;
}

/** What goes into one append. */
export interface Batch {
  /** Whether the journal has all of it; known once it has been tried. */
  readonly done: Promise<boolean>;
}

/**
 * Group commit: takes down what agents say, many to one append, since ten thousand
 * receipts of one ban must not cost ten thousand fsyncs.
 */
export class BatchWriter implements Disposable {
  readonly #ports: BatchWriterPorts;
  #batch = new OpenBatch();
  #closed = false;

  constructor(ports: BatchWriterPorts) {
    this.#ports = ports;
  }

  /** Whether nothing is taken down any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The one that the next event goes into. */
  get batch(): Batch {
    return this.#batch;
  }

  note(event: Event, weight: Weight = {}): void {
    if (this.#closed) return;
    const batch = this.#batch;
    batch.add(event, weight);
    const { most, clock } = this.#ports;
    const flush = () => this.#flush(batch);
    const isLarge = batch.items >= most.items || batch.bytes >= most.bytes;
    if (isLarge) flush();
    else if (weight.urgent === true) setImmediate(flush);
    else if (batch.events.length === 1) {
      void clock.sleep(PATIENCE_MS).then(flush, flush);
    }
  }

  [Symbol.dispose](): void {
    this.#flush(this.#batch);
    this.#closed = true;
  }

  /** Only the batch in hand: an older one has been flushed for another reason. */
  #flush(batch: OpenBatch): void {
    if (batch !== this.#batch || this.#closed) return;
    this.#batch = new OpenBatch();
    if (batch.events.length === 0) return;
    try {
      this.#ports.journal.append(batch.events);
      batch.settle(true);
    } catch (error) {
      this.#ports.failed(error, batch.events.length);
      batch.settle(false);
    }
  }
}

class OpenBatch implements Batch {
  readonly events: Event[] = [];
  items = 0;
  bytes = 0;
  readonly done: Promise<boolean>;
  settle: (durable: boolean) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  add(event: Event, { items = 1, bytes = 0 }: Weight): void {
    this.events.push(event);
    this.items += items;
    this.bytes += bytes;
  }
}

const PATIENCE_MS = 50;
