import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { Readable } from "node:stream";
import type { Clock } from "../../../agent/runtime/clock.js";

/** What an answer may take that goes out piece by piece. */
export interface OutflowBounds {
  /** In all, of milliseconds. */
  readonly mostMs: number;
  /** For one piece to be taken. */
  readonly stallMs: number;
}

/**
 * An answer that goes out piece by piece, as fast as it is taken: at most two
 * pieces are in memory. Where it can't be told to its end, the connection is cut,
 * so that nobody takes a part of it for the whole.
 */
export class Outflow {
  readonly #outgoing: ServerResponse | Http2ServerResponse;
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #began: number;
  #offeredAt: number | undefined;
  #isCut = false;

  /** @param over called once, as soon as the answer is out or nobody waits for it */
  constructor(
    outgoing: ServerResponse | Http2ServerResponse,
    clock: Clock,
    over: () => void,
  ) {
    this.#outgoing = outgoing;
    this.#clock = clock;
    this.#began = clock.monotonic();
    const end = () => {
      this.#gone.abort();
      over();
    };
    if (outgoing.closed || outgoing.destroyed) end();
    else outgoing.once("close", end);
  }

  /** Aborted once nobody waits for it any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * @param cut told why it was not told to its end; not of who has gone
   */
  body(
    pieces: AsyncIterable<Uint8Array>,
    bounds: OutflowBounds,
    cut: (why: unknown) => void,
  ): ReadableStream<Uint8Array> {
    const watch = this.#clock.every(LOOK_EVERY_MS, () => {
      const why = this.#overdue(bounds);
      if (why !== undefined) this.#cut(why, cut);
    });
    this.gone.addEventListener("abort", () => watch[Symbol.dispose]());
    if (this.gone.aborted) watch[Symbol.dispose]();
    const offered = Readable.from(this.#offered(pieces, cut));
    return Readable.toWeb(offered) as ReadableStream<Uint8Array>;
  }

  async *#offered(
    pieces: AsyncIterable<Uint8Array>,
    cut: (why: unknown) => void,
  ): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of pieces) {
        if (this.gone.aborted) return;
        this.#offeredAt = this.#clock.monotonic();
        yield piece;
        this.#offeredAt = undefined;
      }
    } catch (error) {
      this.#cut(error, cut);
    }
  }

  #overdue({ mostMs, stallMs }: OutflowBounds): Error | undefined {
    const now = this.#clock.monotonic();
    if (now - this.#began > mostMs) {
      return new Error(`it took more than ${mostMs / 1_000} s`);
    }
    return now - (this.#offeredAt ?? now) > stallMs
      ? new Error(`nothing of it was taken for ${stallMs / 1_000} s`)
      : undefined;
  }

  #cut(why: unknown, told: (why: unknown) => void): void {
    if (this.gone.aborted || this.#isCut) return;
    this.#isCut = true;
    told(why);
    this.#outgoing.destroy();
  }
}

const LOOK_EVERY_MS = 1_000;
