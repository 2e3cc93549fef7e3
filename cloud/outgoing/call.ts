import type { Clock } from "../../agent/runtime/clock.js";

interface CallOptions {
  /** Milliseconds for all of it. */
  readonly withinMs: number;
  readonly tooLate: (withinMs: number) => Error;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
}

/** One call from its first step to its last byte, and what ends with it. */
export class Call {
  readonly #clock: Pick<Clock, "sleep">;
  readonly #stopped = new AbortController();
  readonly #over = new AbortController();
  readonly #aborted: Promise<never>;
  readonly #undo: (() => void)[] = [];

  constructor(clock: Pick<Clock, "sleep">, options: CallOptions) {
    const { withinMs, tooLate, signal } = options;
    this.#clock = clock;
    const { signal: stopped } = this.#stopped;
    this.#aborted = new Promise((_, reject) => {
      stopped.addEventListener("abort", () => reject(this.reason));
    });
    this.#aborted.catch(nothing);
    const abort = () => this.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    this.onEnd(() => signal?.removeEventListener("abort", abort));
    if (signal?.aborted === true) abort();
    clock
      .sleep(withinMs, this.#over.signal)
      .then(() => this.abort(tooLate(withinMs)), nothing);
  }

  /** Aborted when somebody gave up on it, and not when it came to its end. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  get reason(): Error {
    const { reason } = this.signal as { readonly reason: unknown };
    return reason instanceof Error ? reason : new Error(String(reason));
  }

  /** Owes `undo` when the call ends; at once when it has. */
  onEnd(undo: () => void): void {
    if (this.#over.signal.aborted) undo();
    else this.#undo.push(undo);
  }

  /** It came to its end. */
  end(): void {
    this.#over.abort();
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  /** It comes to no end. */
  abort(reason: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#stopped.abort(reason);
    this.end();
  }

  /** What comes of `next`, unless it takes longer or the call is given up. */
  async within<T>(next: Promise<T>, ms: number, late: () => Error): Promise<T> {
    const done = new AbortController();
    const limit = this.#clock.sleep(ms, done.signal).then(() => {
      throw late();
    });
    limit.catch(nothing);
    try {
      return await Promise.race([next, limit, this.#aborted]);
    } finally {
      done.abort();
    }
  }
}

const nothing = () => undefined;
