import type { Clock } from "../../../agent/runtime/clock.js";
import { Crowd } from "../../door/crowd.js";
import type { RecordedDecision } from "../../journal/decision-events.js";
import type { Decisions } from "../../journal/decisions.js";
import type { Caller } from "../../operators/caller.js";
import { Stream, type Begin, type Sink, type StreamPorts } from "./stream.js";

export interface StreamsPorts extends StreamPorts {
  readonly decisions: Pick<Decisions, "level" | "after" | "subscribe">;
  readonly clock: Clock;
}

/** All that are told of the log as it grows. */
export class Streams implements Disposable {
  readonly #ports: StreamsPorts;
  readonly #crowd = new Crowd<Stream>(ROOM);
  readonly #all = new Set<Stream>();
  readonly #hearing: Disposable;
  #level: number;

  constructor(ports: StreamsPorts) {
    this.#ports = ports;
    this.#level = ports.decisions.level;
    this.#hearing = ports.decisions.subscribe((news) => this.#hear(news));
  }

  get size(): number {
    return this.#all.size;
  }

  /** @returns to be called once the other side is gone */
  open(caller: Caller, from: Begin, sink: Sink): () => void {
    const stream = new Stream(caller, from, sink, this.#ports);
    const party = stream.operator;
    this.#all.add(stream);
    const left = this.#crowd.enter(stream, party);
    if (left !== undefined) {
      this.#all.delete(left);
      left.end("made-room");
    }
    stream.begin();
    return () => {
      stream.gone();
      if (this.#all.delete(stream)) this.#crowd.leave(stream, party);
    };
  }

  /** Bans go out to hosts first: who only looks on waits for a turn. */
  #hear(news: readonly RecordedDecision[]): void {
    const behind = this.#level;
    this.#level = news.at(-1)?.seq ?? behind;
    if (this.#all.size === 0) return;
    setImmediate(() => {
      for (const stream of this.#all) stream.news(behind, news);
    });
  }

  [Symbol.dispose](): void {
    this.#hearing[Symbol.dispose]();
    for (const stream of this.#all) stream.gone();
  }
}

/** In all, and of one operator. */
const ROOM = { inAll: 256, ofOne: 8 };
