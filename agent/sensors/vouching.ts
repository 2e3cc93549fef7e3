import type { Translators } from "../model/translators.js";
import type { Clock } from "../runtime/clock.js";
import { messageOf } from "../text/message.js";
import { Handshakes } from "./handshakes.js";
import {
  SENSOR,
  type Detection,
  type Suspicion,
  type Thresholds,
} from "./sshd-judge.js";
import type { SshdSource } from "./sshd-source.js";

export interface VouchingPorts {
  /** TCP ports of the service. */
  readonly ports: readonly number[];
  thresholds(): Pick<Thresholds, "findtimeSeconds">;
  readonly translators: Translators;
  readonly clock: Clock;
  /** What else is read, and proves by itself what it says. */
  journal(): SshdSource | undefined;
  /** Deals with them, and then more is read. */
  detected(detections: readonly Detection[]): Promise<void>;
  readonly events: VouchingEvents;
}

export interface VouchingEvents {
  /** The kernel's word cannot be had. */
  handshakesUnseen(why: unknown): void;
  /** So many sources failed too often by what a log says, and by nothing else. */
  notConfirmed(sensor: string, source: string, count: number): void;
}

/**
 * Finds who vouches for what a file says that anybody may write to through
 * syslog. The kernel must have seen that address complete a handshake with the
 * service's port within findtime: a process's number in a line is only text. And
 * where the journal is read as well, it must have said nothing of the service
 * since the first of these failures: had it worked, it would have told them, too.
 */
export class Vouching implements AsyncDisposable {
  readonly #ports: VouchingPorts;
  readonly #stop = new AbortController();
  readonly #under = new Set<Promise<void>>();
  #handshakes: Handshakes | undefined;
  readonly #opened: Promise<void>;
  #unseen: string | undefined;
  /** When a file was last believed where the journal is read as well. */
  #believedAt = -Infinity;
  /** When somebody was last not vouched for, and how many were not told of. */
  #doubtedAt = -Infinity;
  #toldAt = -Infinity;
  #untold = 0;

  constructor(ports: VouchingPorts) {
    this.#ports = ports;
    this.#opened = this.#open();
  }

  /** Why the kernel's word cannot be had; undefined as long as it can. */
  get unseen(): string | undefined {
    return this.#unseen;
  }

  /** By the clock that never jumps. */
  get doubtedAt(): number {
    return this.#doubtedAt;
  }

  /** Has the kernel tell of connections that end; harmless when it does. */
  async listen(): Promise<void> {
    await this.#opened;
    this.ask((it) => it.listen());
  }

  /** What the kernel says of connections; undefined where it says nothing. */
  ask<T>(question: (handshakes: Handshakes) => T): T | undefined {
    if (this.#handshakes === undefined) return undefined;
    try {
      return question(this.#handshakes);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Has it tell no more, until somebody is suspected again. */
  rest(): void {
    this.ask((it) => it.rest());
  }

  /** Passes on what is vouched for, now or shortly; the rest is counted. */
  async take(
    from: SshdSource,
    suspicions: readonly Suspicion[],
  ): Promise<void> {
    if (from.isProven) return this.#pass(suspicions);
    const waits = this.#journalMayTell() || this.#handshakes === undefined;
    const good = waits ? [] : suspicions.filter((it) => this.#isReal(it));
    await this.#pass(good);
    const others = suspicions.filter((it) => !good.includes(it));
    if (others.length > 0) this.#later(from, others);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#under);
    await this.#opened;
    this.#handshakes?.[Symbol.dispose]();
  }

  /** Nothing is read the slower for those who are not vouched for. */
  #later(from: SshdSource, suspicions: readonly Suspicion[]): void {
    const isRoom = this.#under.size < MOST_UNDER;
    if (!isRoom) return this.#doubt(from, suspicions);
    const task = this.#judge(from, suspicions).finally(() =>
      this.#under.delete(task),
    );
    this.#under.add(task);
  }

  /** What ends a connection is heard of a moment after it was logged. */
  async #judge(
    from: SshdSource,
    suspicions: readonly Suspicion[],
  ): Promise<void> {
    const { clock } = this.#ports;
    await this.listen();
    const goesOn = await clock.sleep(GRACE_MS, this.#stop.signal).then(
      () => true,
      () => false,
    );
    if (!goesOn) return;
    const news = suspicions.filter((it) => !this.#isToldElsewhere(it));
    const good = news.filter((it) => this.#isReal(it));
    if (good.length > 0) this.#believedAt = clock.monotonic();
    await this.#pass(good);
    this.#doubt(
      from,
      news.filter((it) => !good.includes(it)),
    );
  }

  async #pass(suspicions: readonly Suspicion[]): Promise<void> {
    if (suspicions.length === 0) return;
    await this.#ports.detected(suspicions.map((it) => it.detection));
  }

  #isReal({ detection }: Suspicion): boolean {
    return this.ask((it) => it.saw(detection.source)) ?? false;
  }

  #isToldElsewhere({ since }: Suspicion): boolean {
    const journal = this.#ports.journal();
    return journal !== undefined && journal.counts.heardAt >= since - SLACK_MS;
  }

  /** Unless it was silent the last time, and has been since. */
  #journalMayTell(): boolean {
    const journal = this.#ports.journal();
    if (journal === undefined) return false;
    return journal.counts.heardAt >= this.#believedAt;
  }

  #doubt(from: SshdSource, suspicions: readonly Suspicion[]): void {
    if (suspicions.length === 0) return;
    const { clock, events } = this.#ports;
    from.counts.unconfirmed += suspicions.length;
    this.#untold += suspicions.length;
    this.#doubtedAt = clock.monotonic();
    if (this.#doubtedAt - this.#toldAt < TELL_AGAIN_MS) return;
    events.notConfirmed(SENSOR, from.name, this.#untold);
    this.#toldAt = this.#doubtedAt;
    this.#untold = 0;
  }

  async #open(): Promise<void> {
    const { ports, translators, clock } = this.#ports;
    const keepMs = () => this.#ports.thresholds().findtimeSeconds * 1_000;
    try {
      this.#handshakes = await Handshakes.open({
        ...{ ports, keepMs, translators, clock },
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const why = messageOf(error);
    if (why !== this.#unseen) this.#ports.events.handshakesUnseen(error);
    this.#unseen = why;
  }
}

/** Judgements that wait; beyond them nobody is waited for. */
const MOST_UNDER = 64;
const GRACE_MS = 2_000;
/** Two readers of one line may be so far apart. */
const SLACK_MS = 1_000;
/** Whoever writes such lines does not fill our own log with them. */
const TELL_AGAIN_MS = 60_000;
