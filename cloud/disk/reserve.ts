import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  writeSync,
} from "node:fs";
import { isDiskTrouble, type Giving } from "./room.js";

/**
 * Room that is kept for what must go on: a file that is written beforehand, and
 * cut shorter, piece by piece, when nothing else is left.
 */
export class Reserve implements Giving, Disposable {
  readonly #path: string;
  /** Undefined while the disk leaves no room even for its name. */
  #file: number | undefined;
  readonly #bytes: number;
  #left: number;
  /** What no file system can make smaller. */
  readonly #noise = randomBytes(BLOCK);

  /** @param bytes how much to keep, where the disk has it to spare */
  constructor(path: string, bytes: number) {
    this.#bytes = Math.floor(bytes / BLOCK) * BLOCK;
    this.#path = path;
    this.#file = this.#opened();
    this.#left = this.#file === undefined ? 0 : fstatSync(this.#file).size;
    if (this.#left > this.#bytes) this.#cutTo(this.#bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that are there to be given up. */
  get left(): number {
    return this.#left;
  }

  /** Gives up a piece of it. */
  release(): boolean {
    if (this.#left === 0) return false;
    const piece = Math.max(BLOCK, Math.ceil(this.#bytes / PIECES));
    this.#cutTo(Math.max(0, this.#left - piece));
    return true;
  }

  /** Takes back what it gave up, up to so many bytes. */
  fill(most: number): void {
    const goal = Math.min(this.#bytes, this.#left + most);
    this.#file ??= this.#opened();
    if (this.#file === undefined) return;
    try {
      while (this.#left < goal) {
        this.#left += writeSync(this.#file, this.#noise);
      }
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #opened(): number | undefined {
    try {
      return openSync(this.#path, "a+", 0o600);
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
      return undefined;
    }
  }

  #cutTo(bytes: number): void {
    if (this.#file !== undefined) ftruncateSync(this.#file, bytes);
    this.#left = bytes;
  }
}

const BLOCK = 64 * 1024;

/** Given up one after the other: whoever needs a little leaves the rest. */
const PIECES = 16;
