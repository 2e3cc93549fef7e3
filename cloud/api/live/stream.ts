import { setImmediate as nextTurn } from "node:timers/promises";
import * as v from "valibot";
import type { Clock } from "../../../agent/runtime/clock.js";
import type { RecordedDecision } from "../../journal/decision-events.js";
import type { Decisions } from "../../journal/decisions.js";
import type { Caller } from "../../operators/caller.js";
import { LiveMessage, newsFor, type NewsPorts } from "./live-event.js";

/** The other end of a stream, as far as it is needed here. */
export interface Sink {
  send(text: string): void;
  /** Bytes that the other side has not taken yet. */
  readonly buffered: number;
  close(code: number, reason: string): void;
}

/** Why a stream ends, in the range that is an application's own. */
export const endings = {
  "not-known": 4401,
  "fell-behind": 4408,
  "made-room": 4429,
  "no-such-position": 4404,
  failed: 4500,
} as const;
export type Ending = keyof typeof endings;

/** How a stream is asked for. */
export interface Begin {
  /** The position that it goes on from; undefined: now. */
  readonly after: number | undefined;
  /** How often it shows that it is alive. */
  readonly beatMs: number;
}

export interface StreamPorts extends NewsPorts {
  readonly decisions: Pick<Decisions, "level" | "after">;
  readonly clock: Pick<Clock, "monotonic" | "sleep" | "every">;
  /** The caller as things stand now; undefined: nobody any more. */
  again(caller: Caller): Caller | undefined;
}

/**
 * What one caller is told of the log, from a position on. It reads the log while it
 * is behind, and is handed what is new once it is not; so a slow reader costs a
 * page of the log at a time, and nobody else waits.
 */
export class Stream {
  readonly #ports: StreamPorts;
  readonly #sink: Sink;
  readonly #beats: Disposable;
  #caller: Caller;
  #position: number;
  #isReading = false;
  #isOver = false;

  constructor(
    caller: Caller,
    { after, beatMs }: Begin,
    sink: Sink,
    ports: StreamPorts,
  ) {
    this.#ports = ports;
    this.#sink = sink;
    this.#caller = caller;
    this.#position = after ?? ports.decisions.level;
    this.#beats = ports.clock.every(beatMs, () => this.beat());
  }

  get operator(): string {
    return this.#caller.operator;
  }

  /** Says where it begins, and reads on from there. */
  begin(): void {
    if (this.#position > this.#ports.decisions.level) {
      this.end("no-such-position");
      return;
    }
    this.beat();
    void this.#read();
  }

  /** What was appended just now, behind a record. */
  news(behind: number, records: readonly RecordedDecision[]): void {
    if (this.#isOver || this.#isReading) return;
    if (this.#position === behind && this.#sink.buffered < UNREAD_BYTES) {
      if (this.#isStillKnown()) this.#tell(records);
    } else {
      void this.#read();
    }
  }

  /** Shows that it is alive, and how far it is; ends it for who may no more. */
  beat(): void {
    if (this.#isOver || !this.#isStillKnown()) return;
    if (this.#sink.buffered < UNREAD_BYTES) this.#send([]);
    // Who reads nothing is waited for, not for ever, and told no more.
    else void this.#read();
  }

  end(why: Ending): void {
    if (this.#isOver) return;
    this.gone();
    this.#sink.close(endings[why], why);
  }

  /** The other side is gone. */
  gone(): void {
    this.#isOver = true;
    this.#beats[Symbol.dispose]();
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isOpen() && (await this.#hasRoom())) {
        const { decisions } = this.#ports;
        if (this.#position >= decisions.level) break;
        const page = await decisions.after(this.#position, PAGE);
        const told = page.filter(({ seq }) => seq <= decisions.level);
        if (told.length === 0 || !this.#isStillKnown()) break;
        this.#tell(told);
        // Reading is done at once: whoever may hear of little reads on at once, too.
        await nextTurn();
      }
    } catch {
      this.end("failed");
    } finally {
      this.#isReading = false;
    }
  }

  #isOpen(): boolean {
    return !this.#isOver;
  }

  /** Waits for a slow reader, not for ever. */
  async #hasRoom(): Promise<boolean> {
    const { clock } = this.#ports;
    const since = clock.monotonic();
    while (this.#isOpen() && this.#sink.buffered >= UNREAD_BYTES) {
      if (clock.monotonic() - since > PATIENCE_MS) {
        this.end("fell-behind");
        return false;
      }
      await clock.sleep(LOOK_EVERY_MS);
    }
    return this.#isOpen();
  }

  #tell(records: readonly RecordedDecision[]): void {
    const items = records.flatMap((record) => {
      const news = newsFor(this.#caller, record, this.#ports);
      return news ? [{ seq: record.seq, at: record.at, news }] : [];
    });
    this.#position = records.at(-1)?.seq ?? this.#position;
    if (items.length > 0) this.#send(items);
  }

  #send(items: LiveMessage["items"]): void {
    const message = { position: this.#position, items };
    this.#sink.send(JSON.stringify(v.parse(LiveMessage, message)));
  }

  #isStillKnown(): boolean {
    const caller = this.#ports.again(this.#caller);
    if (caller === undefined) this.end("not-known");
    else this.#caller = caller;
    return caller !== undefined;
  }
}

/** Records at a time: segments among them hold thousands of ops each. */
const PAGE = 16;

/** What a reader may leave unread before the log is read no further for it. */
const UNREAD_BYTES = 256 * 1024;

/** How long it may leave that unread. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 50;
