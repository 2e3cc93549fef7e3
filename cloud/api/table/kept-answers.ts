import type { Clock } from "../../../agent/runtime/clock.js";
import type { Kept, KeptAnswers } from "./idempotency.js";

interface Entry {
  readonly request: string;
  readonly answer: Kept | null;
  readonly keptAt: number;
}

/** The newest answers, for a day, within a number and bytes. */
export class AnswersInMemory implements KeptAnswers {
  readonly #clock: Pick<Clock, "monotonic">;
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  find(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    const now = this.#clock.monotonic();
    return entry && now - entry.keptAt < KEPT_MS ? entry : undefined;
  }

  keep(id: string, request: string, answer: Kept | null): void {
    this.#drop(id);
    this.#entries.set(id, { request, answer, keptAt: this.#clock.monotonic() });
    this.#bytes += sizeOf(answer);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST && this.#bytes <= MOST_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#bytes -= sizeOf(entry.answer);
  }
}

const sizeOf = (answer: Kept | null): number =>
  OVERHEAD + (answer?.text.length ?? 0);

/** Of ids and hashes. */
const OVERHEAD = 256;

const KEPT_MS = 24 * 60 * 60 * 1000;
const MOST = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
