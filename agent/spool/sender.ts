import type { FromCloud } from "../protocol/wire.js";
import type { Clock } from "../runtime/clock.js";
import type { Outbox } from "./memory.js";
import type { SpooledMessage } from "./spooled-item.js";

export type TelemetryAck = FromCloud & { readonly type: "telemetry-ack" };

/** As much of a session as telemetry needs. */
export interface Listener {
  /** Sends now, or drops the message when the link is gone. */
  send(message: SpooledMessage): void;
  /** Whether it takes statements. */
  readonly statements?: boolean;
  /** Aborted when the link is lost. */
  readonly ended: AbortSignal;
}

export interface SenderPorts {
  readonly spool: {
    /** Undefined when nothing can be read, or nothing was changed. */
    read<T>(work: (it: Outbox) => T): T | undefined;
    write<T>(work: (it: Outbox) => T): T | undefined;
  };
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  readonly events: {
    /** The cloud acknowledged what this host has never sent it. */
    acknowledgedUnsent(spool: string, through: number): void;
  };
  readonly pace?: Pace;
}

export interface Pace {
  /** Between two messages, unless something urgent waits. */
  readonly gapMs: number;
  /** After so long without an acknowledgement the same is sent again. */
  readonly patienceMs: number;
}

/**
 * Sends what is spooled, one message at a time, from the oldest item that is
 * not acknowledged. Delivery is at-least-once: a lost acknowledgement means that
 * items are sent twice, and the cloud, which knows them by their numbers, takes each
 * in once.
 */
export class Sender implements Disposable {
  readonly #ports: SenderPorts;
  readonly #pace: Pace;
  #listener: Listener | undefined;
  #inFlight: { readonly through: number; readonly at: number } | undefined;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #wait = new AbortController();

  constructor(ports: SenderPorts) {
    this.#ports = ports;
    this.#pace = ports.pace ?? PACE;
  }

  /** The last number of the message that waits for its acknowledgement. */
  get inFlight(): number | undefined {
    return this.#inFlight?.through;
  }

  /** Whether the latest session does; before the first, that is to be seen. */
  get takesStatements(): boolean {
    return this.#listener === undefined || this.#listener.statements === true;
  }

  /** Sends to this listener from now on; what was in flight may be lost. */
  sayTo(listener: Listener): void {
    this.#listener = listener;
    this.#inFlight = undefined;
    this.offer();
  }

  /** Forgets what the cloud has, and goes on with what follows. */
  acknowledged({ spool, through }: TelemetryAck): void {
    const known = this.#ports.spool.write((it) =>
      it.acknowledge(spool, through),
    );
    if (known === false) {
      this.#ports.events.acknowledgedUnsent(spool, through);
    }
    if (known !== true) return;
    if (through >= (this.#inFlight?.through ?? 0)) this.#inFlight = undefined;
    this.offer();
  }

  /** Sends if something waits, and it is its turn; else sees to it later. */
  offer(): void {
    const listener = this.#listener;
    if (listener === undefined || listener.ended.aborted) return;
    const dueInMs = this.#dueInMs();
    if (dueInMs === undefined) return;
    if (dueInMs > 0) this.#offerLater(dueInMs);
    else this.#send(listener);
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
    this.#wait.abort();
  }

  /** Undefined while nothing waits, or nothing can be read. */
  #dueInMs(): number | undefined {
    const { clock, spool } = this.#ports;
    const now = clock.monotonic();
    if (this.#inFlight !== undefined) {
      return this.#inFlight.at + this.#pace.patienceMs - now;
    }
    return spool.read((it) => {
      if (it.counts().waiting.items === 0) return undefined;
      if (it.hasUrgent(this.takesStatements)) return 0;
      return this.#lastSentAt + this.#pace.gapMs - now;
    });
  }

  #send(listener: Listener): void {
    const { clock, spool } = this.#ports;
    const message = spool.read((it) => it.next(this.takesStatements));
    if (message === undefined) return;
    const noted = spool.write((it) => {
      it.markSent(message);
      return true;
    });
    if (noted === undefined) return;
    this.#lastSentAt = clock.monotonic();
    this.#inFlight = {
      through: message.first + message.items.length - 1,
      at: this.#lastSentAt,
    };
    listener.send(message);
    this.#offerLater(this.#pace.patienceMs);
  }

  /** One wait at a time: a newer one knows better when something is due. */
  #offerLater(ms: number): void {
    this.#wait.abort();
    const wait = new AbortController();
    this.#wait = wait;
    this.#ports.clock.sleep(ms, wait.signal).then(
      () => this.offer(),
      () => undefined,
    );
  }
}

const PACE: Pace = { gapMs: 3_000, patienceMs: 60_000 };
