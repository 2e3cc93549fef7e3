import { watch } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "../clock.js";
import { LineSplitter } from "./line-splitter.js";
import type { TakeLines } from "./sensor-ports.js";

export interface LogFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Returns once the lines are dealt with; nothing is read meanwhile. */
  readonly take: TakeLines;
  /** The file came, or went away; once each time. */
  readonly found: () => void;
  readonly lost: (why: Error) => void;
  /** Milliseconds between two looks where nobody tells of changes. */
  readonly pollMs?: number;
}

/**
 * Follows a log file from its end: what was written before is history, and what
 * it was worth is in the ledger. Woken by inotify on the folder, and in any case
 * once a second, for file systems that tell nobody. A file that was renamed is
 * read to its end before the one that took its name; one that was cut short, or
 * written anew from its start, is read from its start.
 */
export class LogFile implements AsyncDisposable {
  readonly #options: LogFileOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #file: OpenLog | undefined;
  #wake: (() => void) | undefined;
  #stirred = false;
  #lostBecause: string | undefined;
  /** The first file is read from its end, the ones that follow from their start. */
  #first = true;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#done = this.#follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#done;
  }

  async #follow(): Promise<void> {
    const { clock, pollMs = POLL_MS } = this.#options;
    using _poll = clock.every(pollMs, () => this.#stir());
    using watcher = new FolderWatcher(this.#options.path, () => this.#stir());
    while (!this.#stop.signal.aborted) {
      this.#stirred = false;
      watcher.ensure();
      try {
        await this.#lookAt();
      } catch (error) {
        this.#tellLost(error as Error);
      }
      await this.#untilStirred();
    }
    await this.#file?.close();
  }

  /** Reads all there is, and goes over to the file that now has the name. */
  async #lookAt(): Promise<void> {
    this.#file ??= await this.#openFirst();
    for (;;) {
      const file: OpenLog = this.#file;
      await this.#drain(file);
      if (this.#stop.signal.aborted) return;
      const successor = await file.successor(this.#options.path);
      if (successor === undefined) return;
      this.#file = successor;
      await this.#drain(file); // what was written while it was renamed
      await file.close();
    }
  }

  async #openFirst(): Promise<OpenLog> {
    const file = await OpenLog.open(this.#options.path, this.#first);
    this.#first = false;
    this.#lostBecause = undefined;
    this.#options.found();
    return file;
  }

  async #drain(file: OpenLog): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const lines = await file.read();
      if (lines === undefined) return;
      if (lines.length > 0) await this.#options.take(lines);
    }
  }

  #tellLost(why: Error): void {
    // A file that is not there yet will be new when it comes.
    this.#first = false;
    if (this.#lostBecause === why.message) return;
    this.#lostBecause = why.message;
    this.#options.lost(why);
  }

  #stir(): void {
    this.#stirred = true;
    this.#wake?.();
  }

  #untilStirred(): Promise<void> {
    if (this.#stirred || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** Tells of changes of one file, as long as its folder can be watched. */
class FolderWatcher implements Disposable {
  readonly #path: string;
  readonly #changed: () => void;
  #close: (() => void) | undefined;

  constructor(path: string, changed: () => void) {
    this.#path = path;
    this.#changed = changed;
  }

  /** Watches, unless it does already; a folder may come later. */
  ensure(): void {
    if (this.#close !== undefined) return;
    const name = basename(this.#path);
    try {
      const watcher = watch(dirname(this.#path), (event, changed) => {
        if (changed === name || changed === null) this.#changed();
        // The folder itself went away, and perhaps another took its name.
        if (event === "rename" && changed === basename(dirname(this.#path))) {
          this[Symbol.dispose]();
        }
      });
      watcher.on("error", () => this[Symbol.dispose]());
      this.#close = () => watcher.close();
    } catch {
      return; // polling goes on, and tries again
    }
  }

  [Symbol.dispose](): void {
    this.#close?.();
    this.#close = undefined;
  }
}

/** One file, whatever its name has become, and how far it was read. */
class OpenLog {
  readonly #handle: FileHandle;
  readonly #id: string;
  readonly #lines = new LineSplitter(LONGEST_LINE);
  readonly #buffer = Buffer.allocUnsafe(CONTEXT_BYTES + READ_BYTES);
  #position: number;
  /** The last bytes that were read: when they change, the file was rewritten. */
  #context: Buffer = Buffer.alloc(0);

  private constructor(handle: FileHandle, id: string, position: number) {
    this.#handle = handle;
    this.#id = id;
    this.#position = position;
  }

  static async open(path: string, fromEnd: boolean): Promise<OpenLog> {
    const handle = await open(path, "r");
    try {
      const is = await handle.stat();
      if (!is.isFile()) throw new Error(`${path} is not a regular file`);
      const log = new OpenLog(handle, idOf(is), 0);
      if (fromEnd) await log.#skipTo(is.size);
      return log;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The next lines, none while one has not ended; undefined at the end. */
  async read(): Promise<string[] | undefined> {
    const from = this.#position - this.#context.length;
    const { bytesRead } = await this.#handle.read({
      buffer: this.#buffer,
      position: from,
    });
    const known = this.#buffer.subarray(0, this.#context.length);
    if (bytesRead < known.length || !known.equals(this.#context)) {
      this.#startAgain();
      return [];
    }
    if (bytesRead === known.length) return undefined;
    const fresh = this.#buffer.subarray(known.length, bytesRead);
    this.#position = from + bytesRead;
    this.#context = Buffer.from(
      this.#buffer.subarray(Math.max(0, bytesRead - CONTEXT_BYTES), bytesRead),
    );
    return this.#lines.take(fresh);
  }

  /** The file that has the name now, when it is another one. */
  async successor(path: string): Promise<OpenLog | undefined> {
    // Between rename and create nothing has the name: a moment's matter.
    const is = await stat(path).catch(() => undefined);
    if (is === undefined || idOf(is) === this.#id) return undefined;
    return OpenLog.open(path, false);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Stands at the end, and within a line when the last one has no end yet. */
  async #skipTo(size: number): Promise<void> {
    const context = Buffer.alloc(Math.min(size, CONTEXT_BYTES));
    const position = size - context.length;
    const { bytesRead } = await this.#handle.read({
      buffer: context,
      position,
    });
    this.#context = context.subarray(0, bytesRead);
    this.#position = position + bytesRead;
    const endsInLine = bytesRead > 0 && context[bytesRead - 1] !== NEWLINE;
    if (endsInLine) this.#lines.take(UNREADABLE);
  }

  #startAgain(): void {
    this.#position = 0;
    this.#context = Buffer.alloc(0);
    this.#lines.forget();
  }
}

const idOf = ({ dev, ino }: { dev: number; ino: number }) => `${dev}:${ino}`;

/** Some 600 lines: handled within a few milliseconds, then others have a turn. */
const READ_BYTES = 64 * 1024;
const CONTEXT_BYTES = 64;

/** sshd's own limit is 1 KiB. */
const LONGEST_LINE = 8 * 1024;
const NEWLINE = 0x0a;
const POLL_MS = 1_000;

/** More than a line may have, so that the rest of this one is passed over. */
const UNREADABLE = Buffer.alloc(LONGEST_LINE + 1);
