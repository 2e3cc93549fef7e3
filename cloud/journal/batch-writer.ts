import type { Clock } from "../../agent/runtime/clock.js";
import type { Observation, ObservationEvent } from "./observation-events.js";
import type { Observations } from "./observations.js";
import { observed } from "./observed.js";

export interface BatchWriterPorts {
  readonly observations: Pick<Observations, "put">;
  readonly clock: Pick<Clock, "sleep">;
  /** What one batch takes in: with so much in hand nothing waits any longer. */
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

/** What is put at once. */
export interface Batch {
  /** Whether all of it is durable; known once it has been tried. */
  readonly done: Promise<boolean>;
}

/** More waits to be written than is kept in memory for it. */
export class TooMuchWaits extends Error {
  override readonly name = "TooMuchWaits";

  constructor() {
    super("observations are written more slowly than they come");
  }
}

/**
 * Group commit: takes down what agents say, many to one batch, since ten thousand
 * receipts of one ban must not cost ten thousand fsyncs. Batches are put one after
 * the other, in the order of their events.
 */
export class BatchWriter implements AsyncDisposable {
  readonly #ports: BatchWriterPorts;
  #batch = new OpenBatch();
  #waiting = 0;
  #written: Promise<void> = Promise.resolve();
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

  note(event: ObservationEvent, weight: Weight = {}): void {
    this.noteTogether([event], weight);
  }

  /** All of them in one batch: they are written down or not. */
  noteTogether(events: readonly ObservationEvent[], weight: Weight): void {
    if (this.#closed) return;
    const batch = this.#batch;
    const isFirst = batch.size === 0;
    batch.add(events.map(observed), weight);
    const { most, clock } = this.#ports;
    const flush = () => this.#flush(batch);
    const isLarge = batch.items >= most.items || batch.bytes >= most.bytes;
    if (isLarge) flush();
    else if (weight.urgent === true) setImmediate(flush);
    else if (isFirst) void clock.sleep(PATIENCE_MS).then(flush, flush);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush(this.#batch);
    this.#closed = true;
    await this.#written;
  }

  /** Only the batch in hand: an older one has been flushed for another reason. */
  #flush(batch: OpenBatch): void {
    if (batch !== this.#batch || this.#closed) return;
    this.#batch = new OpenBatch();
    if (batch.size === 0) return;
    if (this.#waiting >= MOST_BATCHES) {
      this.#failed(batch, new TooMuchWaits());
      return;
    }
    this.#waiting += 1;
    // The first goes in this very turn; nothing waits where nothing is written.
    const put =
      this.#waiting === 1
        ? this.#put(batch)
        : this.#written.then(() => this.#put(batch));
    this.#written = put;
  }

  /** Never rejects. */
  async #put(batch: OpenBatch): Promise<void> {
    try {
      await this.#ports.observations.put(batch.observations);
      batch.settle(true);
    } catch (error) {
      this.#failed(batch, error);
    }
    this.#waiting -= 1;
  }

  #failed(batch: OpenBatch, error: unknown): void {
    this.#ports.failed(error, batch.size);
    batch.settle(false);
  }
}

class OpenBatch implements Batch {
  readonly observations: Observation[] = [];
  items = 0;
  bytes = 0;
  readonly done: Promise<boolean>;
  settle: (durable: boolean) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get size(): number {
    return this.observations.length;
  }

  add(
    observations: readonly Observation[],
    { items = 1, bytes = 0 }: Weight,
  ): void {
    this.observations.push(...observations);
    this.items += items;
    this.bytes += bytes;
  }
}

const PATIENCE_MS = 50;

/** Batches that wait behind one that is being written, each of `most` at most. */
const MOST_BATCHES = 8;
