import { watch } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "../runtime/clock.js";
import { LineSplitter } from "./line-splitter.js";
import type { Arrival, TakeLines } from "./sensor-ports.js";

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
 * written anew, is read on from behind what was read last, or else from its
 * start. What comes with such a file was perhaps read before, and is given so.
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
    const { path, clock } = this.#options;
    const settled = () =>
      clock.sleep(SETTLING_MS, this.#stop.signal).catch(() => undefined);
    const file = await OpenLog.open(path, { fromEnd: this.#first, settled });
    this.#first = false;
    this.#lostBecause = undefined;
    this.#options.found();
    return file;
  }

  async #drain(file: OpenLog): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { arrival } = file;
      const lines = await file.read();
      if (lines === undefined) {
        if (arrival === "again") await this.#options.take([], "appended");
        return;
      }
      if (lines.length > 0) await this.#options.take(lines, arrival);
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

interface OpenOptions {
  readonly fromEnd: boolean;
  /** Resolves once who empties a file to write it anew has probably done so. */
  readonly settled: () => Promise<void>;
}

/** One file, whatever its name has become, and how far it was read. */
class OpenLog {
  readonly #handle: FileHandle;
  readonly #id: string;
  readonly #lines = new LineSplitter(LONGEST_LINE);
  readonly #buffer = Buffer.allocUnsafe(CONTEXT_BYTES + READ_BYTES);
  readonly #settled: () => Promise<void>;
  #position = 0;
  /** The last bytes that were read: when they change, the file was rewritten. */
  #context: Buffer = Buffer.alloc(0);
  /** What is read next; from the first end on it is appended. */
  #arrival: Arrival = "again";

  private constructor(
    handle: FileHandle,
    id: string,
    settled: () => Promise<void>,
  ) {
    this.#handle = handle;
    this.#id = id;
    this.#settled = settled;
  }

  static async open(
    path: string,
    { fromEnd, settled }: OpenOptions,
  ): Promise<OpenLog> {
    const handle = await open(path, "r");
    try {
      const is = await handle.stat();
      if (!is.isFile()) throw new Error(`${path} is not a regular file`);
      const log = new OpenLog(handle, idOf(is), settled);
      if (fromEnd) await log.#skipTo(is.size);
      return log;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get arrival(): Arrival {
    return this.#arrival;
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
      await this.#settled();
      await this.#startAgain(this.#context);
      return [];
    }
    if (bytesRead === known.length) {
      this.#arrival = "appended";
      return undefined;
    }
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
    const successor = await OpenLog.open(path, {
      fromEnd: false,
      settled: this.#settled,
    });
    await successor.#startAgain(this.#context);
    return successor;
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
    this.#arrival = "appended";
    this.#context = context.subarray(0, bytesRead);
    this.#position = position + bytesRead;
    const endsInLine = bytesRead > 0 && context[bytesRead - 1] !== NEWLINE;
    if (endsInLine) this.#lines.take(UNREADABLE);
  }

  /**
   * Goes on behind what was read last of another file, or of this one before it
   * was written anew; where that is not found, at the start.
   */
  async #startAgain(last: Buffer): Promise<void> {
    this.#arrival = "again";
    this.#lines.forget();
    const end = await this.#endOf(last);
    this.#context = end === 0 ? Buffer.alloc(0) : lastLineOf(last);
    this.#position = end;
    const endsInLine = end > 0 && last[last.length - 1] !== NEWLINE;
    if (endsInLine) this.#lines.take(UNREADABLE);
  }

  /** Where these bytes end for the last time; 0 when they are not there. */
  async #endOf(last: Buffer): Promise<number> {
    const sought = lastLineOf(last);
    if (sought.length < LEAST_CONTEXT_BYTES) return 0;
    const { size } = await this.#handle.stat();
    const buffer = this.#buffer;
    const least = Math.max(0, size - MOST_SEARCHED_BYTES);
    // Backwards, and by less than what is read, lest a seam hide them.
    for (let end = size; end > least; end -= buffer.length - sought.length) {
      const position = Math.max(0, end - buffer.length);
      const { bytesRead } = await this.#handle.read({ buffer, position });
      const found = buffer.subarray(0, bytesRead).lastIndexOf(sought);
      if (found >= 0) return position + found + sought.length;
      if (position === 0) break;
    }
    return 0;
  }
}

/** The last line, and what has come of the next. */
function lastLineOf(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(NEWLINE);
  const start = end > 0 ? bytes.lastIndexOf(NEWLINE, end - 1) : -1;
  return bytes.subarray(start + 1);
}

const idOf = ({ dev, ino }: { dev: number; ino: number }) => `${dev}:${ino}`;

/** Some 600 lines: handled within a few milliseconds, then others have a turn. */
const READ_BYTES = 64 * 1024;
/** A line with its date and process, so that no other is taken for it. */
const CONTEXT_BYTES = 256;
/** Shorter, they may stand anywhere. */
const LEAST_CONTEXT_BYTES = 32;
/** A day of a busy host, read within a tenth of a second. */
const MOST_SEARCHED_BYTES = 64 * 1024 * 1024;

/** sshd's own limit is 1 KiB. */
const LONGEST_LINE = 8 * 1024;
const NEWLINE = 0x0a;
const SETTLING_MS = 200;
const POLL_MS = 1_000;

/** More than a line may have, so that the rest of this one is passed over. */
const UNREADABLE = Buffer.alloc(LONGEST_LINE + 1);
