import {
  closeSync,
  constants,
  fchmodSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { isFeedName, type FeedName } from "../model/position.js";
import type { InFlight } from "./decide.js";

/**
 * Says in a small file what is being taken in, so that the next run knows what
 * this one died over. Not fsynced: it has to outlive the process, and not the host.
 * Where the disk takes nothing, a run goes on without it.
 */
export class InFlightFile implements Disposable {
  readonly #failed: (why: unknown) => void;
  #file: number | undefined;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  /** What the run before left in it. */
  readonly left: readonly InFlight[];

  /** `failed` is told when the file can't be used any longer. */
  constructor(path: string, failed: (why: unknown) => void) {
    this.#failed = failed;
    const bytes = Buffer.alloc(SLOTS * SLOT_BYTES);
    this.#orWithout(() => {
      this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      fchmodSync(this.#file, 0o600);
      readSync(this.#file, bytes, 0, bytes.length, 0);
    });
    this.left = Array.from(this.#free).flatMap((slot) =>
      inSlot(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)),
    );
    this.clear();
  }

  /** A slot for the bytes; undefined where more is in flight than there are slots. */
  take(digest: Buffer): number | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    this.#write(slot, 0, Buffer.concat([digest, NO_FEED]));
    return slot;
  }

  name(slot: number, feed: FeedName): void {
    this.#write(
      slot,
      DIGEST_BYTES,
      Buffer.concat([Buffer.from(feed), NO_FEED], FEED_BYTES),
    );
  }

  done(slot: number): void {
    this.#write(slot, 0, EMPTY);
    this.#free.push(slot);
  }

  clear(): void {
    this.#write(0, 0, Buffer.alloc(SLOTS * SLOT_BYTES));
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(slot: number, at: number, bytes: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#orWithout(() =>
      writeSync(file, bytes, 0, bytes.length, slot * SLOT_BYTES + at),
    );
  }

  #orWithout(act: () => unknown): void {
    try {
      act();
    } catch (why) {
      this[Symbol.dispose]();
      this.#failed(why);
    }
  }
}

function inSlot(bytes: Buffer): readonly InFlight[] {
  if (bytes.equals(EMPTY)) return [];
  const digest = bytes.subarray(0, DIGEST_BYTES).toString("hex");
  const [feed = ""] = bytes.toString("latin1", DIGEST_BYTES).split("\0");
  return [{ digest, feed: isFeedName(feed) ? feed : undefined }];
}

/** A live segment, and one task a feed; there are a handful of feeds. */
const SLOTS = 8;
const DIGEST_BYTES = 32;
/** Longer than the name of any feed. */
const FEED_BYTES = 96;
const SLOT_BYTES = DIGEST_BYTES + FEED_BYTES;
const EMPTY = Buffer.alloc(SLOT_BYTES);
const NO_FEED = Buffer.alloc(FEED_BYTES);
