import { wire1, type Wire } from "../protocol/wire.js";
import type { Clock } from "../runtime/clock.js";
import { LinkBroken, LinkClogged, LinkClosed, LinkError } from "./errors.js";
import { Queue } from "./queue.js";
import { Rate } from "./rate.js";

/** What a connection carries. */
export type Frame =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "binary";
      readonly bytes: Buffer;
      /** Milliseconds since 1970, when the last byte had come. */
      readonly receivedAt: number;
      /** The same moment by the clock that never jumps. */
      readonly arrivedAt: number;
    };

/** What a connection needs of a WebSocket. */
export interface Socket {
  send(text: string): void;
  /** Bytes that were sent, and that neither the peer nor the kernel has taken. */
  unsent(): number;
  ping(): void;
  pause(): void;
  resume(): void;
  close(code: number): void;
  terminate(): void;
}

/**
 * One connection as a stream of frames, `MOST_FRAMES_A_SECOND` of them at most, so
 * that a cloud that never ends leaves time for all else. Frames that nobody took
 * yet are bounded by `MOST_WAITING_BYTES`: beyond it the socket is not read, TCP
 * pushes back, and the cloud notices. What the cloud does not take is bounded as well: beyond
 * `MOST_UNSENT_BYTES` the link is dropped, and dialed again as after any loss.
 */
export class Connection implements AsyncDisposable {
  #remoteAddress = "";
  #wire: Wire = wire1;
  #goodbye: number = NORMAL_CLOSURE;
  #heard = 0;
  readonly #waiting = new Queue<Frame>();
  #waitingBytes = 0;
  readonly #taken = new Rate(MOST_FRAMES_A_SECOND, SECOND_MS);
  #ended: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(
    private readonly socket: Socket,
    private readonly clock: Pick<Clock, "now" | "monotonic" | "sleep">,
  ) {}

  /** The address that the connection went to. */
  get remoteAddress(): string {
    return this.#remoteAddress;
  }

  /** The version of the protocol that is spoken here. */
  get wire(): Wire {
    return this.#wire;
  }

  /** Both sides have agreed on the version. */
  agreed(wire: Wire): void {
    this.#wire = wire;
  }

  /** Leaves with this code once the connection is disposed of. */
  leaveWith(code: number): void {
    this.#goodbye = code;
  }

  send(text: string): void {
    if (this.#ended !== undefined) return;
    this.socket.send(text);
    const unsent = this.socket.unsent();
    if (unsent > MOST_UNSENT_BYTES) this.drop(new LinkClogged(unsent));
  }

  ping(): void {
    if (this.#ended === undefined) this.socket.ping();
  }

  /** Counts frames and pongs. */
  heard(): number {
    return this.#heard;
  }

  /** Whether the socket is left unread, so that nothing can be heard. */
  get isPaused(): boolean {
    return this.#waitingBytes > MOST_WAITING_BYTES;
  }

  /** Ends the stream at once with this error, and the connection unceremoniously. */
  drop(why: Error): void {
    this.#waiting.clear();
    this.failed(why);
    this.socket.terminate();
  }

  /** Every frame in order; ends by throwing the LinkError that ended the link. */
  async *frames(): AsyncGenerator<Frame, never> {
    for (;;) {
      await this.#pace();
      const frame = this.#waiting.shift();
      if (frame !== undefined) {
        this.#settle(-sizeOf(frame));
        this.#taken.take(this.clock.monotonic());
        yield frame;
      } else if (this.#ended !== undefined) {
        throw this.#ended;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  reached(remoteAddress: string): void {
    this.#remoteAddress = remoteAddress;
  }

  heardFrame(bytes: Buffer, isBinary: boolean): void {
    this.#heard++;
    const frame: Frame = isBinary
      ? { kind: "binary", bytes, ...this.#moment() }
      : { kind: "text", text: bytes.toString("utf8") };
    this.#waiting.push(frame);
    this.#settle(sizeOf(frame));
    this.#wake();
  }

  heardPong(): void {
    this.#heard++;
  }

  heardClose(code: number, reason: string): void {
    this.failed(new LinkClosed(code, reason));
  }

  /** The first reason for the end is the one that counts. */
  failed(error: Error): void {
    this.#ended ??=
      error instanceof LinkError
        ? error
        : new LinkBroken(error.message, { cause: error });
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= new LinkClosed(NORMAL_CLOSURE, "closed here");
    this.socket.close(this.#goodbye);
    const grace = setTimeout(() => this.socket.terminate(), CLOSE_GRACE_MS);
    grace.unref();
    await Promise.resolve();
  }

  /** Waits once as many frames were taken as a second may have. */
  async #pace(): Promise<void> {
    const waitMs = this.#taken.waitMs(this.clock.monotonic());
    if (waitMs > 0) await this.clock.sleep(waitMs);
  }

  #moment(): { receivedAt: number; arrivedAt: number } {
    return { receivedAt: this.clock.now(), arrivedAt: this.clock.monotonic() };
  }

  #settle(bytes: number): void {
    const before = this.#waitingBytes;
    const most = MOST_WAITING_BYTES;
    this.#waitingBytes += bytes;
    if (before <= most && this.#waitingBytes > most) this.socket.pause();
    if (before > most && this.#waitingBytes <= most) this.socket.resume();
  }
}

/** Four of the largest segments. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

/** More than any cloud decides; what only has to be read costs some 50 ms. */
export const MOST_FRAMES_A_SECOND = 2_000;

const SECOND_MS = 1_000;

/** Sixteen of the longest messages: whoever reads at all takes them in a moment. */
export const MOST_UNSENT_BYTES = 1024 * 1024;

/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

/** How long a peer may take to answer a close frame. */
const CLOSE_GRACE_MS = 1_000;

/** What the objects around a frame take, so that empty ones count as well. */
const FRAME_BYTES = 256;

function sizeOf(frame: Frame): number {
  const { length } = frame.kind === "text" ? frame.text : frame.bytes;
  return length + FRAME_BYTES;
}
