import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Clock } from "../runtime/clock.js";
import { LineSplitter } from "./line-splitter.js";
import type { LogEntry, TakeLines } from "./sensor-ports.js";

export interface JournalOptions {
  /** The program to start, as "journalctl". */
  readonly command: string;
  /** Whose messages: SYSLOG_IDENTIFIERs. */
  readonly identifiers: readonly string[];
  readonly clock: Clock;
  /** Takes JSON, one entry a line; see `readJournalEntry`. */
  readonly take: TakeLines;
  /** It follows the journal, for the first time or again. */
  readonly found: () => void;
  /** It ended, and is started again after so many milliseconds. */
  readonly lost: (why: Error, retryInMs: number) => void;
  /** Where the boot under way has its name; the kernel's file unless given. */
  readonly bootIdPath?: string;
}

/**
 * Follows systemd's journal from its end, through a `journalctl` that is started
 * again whenever it ends; then it goes on behind the last entry that was taken.
 * Only what root logged is asked for (`_UID` is the journal's own word): anybody
 * may call themselves sshd.
 */
export class Journal implements AsyncDisposable {
  readonly #options: JournalOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #child: ChildProcess | undefined;
  #cursor: string | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#done = this.#follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    // What the child has started may hold its pipes: they would never end.
    this.#child?.stdout?.destroy();
    await this.#done;
  }

  async #follow(): Promise<void> {
    const { clock, lost } = this.#options;
    for (let failures = 1; ; failures++) {
      const startedAt = clock.monotonic();
      const why = await this.#runOnce();
      if (this.#stop.signal.aborted) return;
      if (clock.monotonic() - startedAt >= STEADY_MS) failures = 1;
      const delayMs = Math.min(LONGEST_DELAY_MS, 1_000 * 2 ** (failures - 1));
      lost(why, delayMs);
      if (!(await slept(clock, delayMs, this.#stop.signal))) return;
    }
  }

  /** Returns why it ended. */
  async #runOnce(): Promise<Error> {
    const boot = await this.#bootElsewhere();
    if (this.#stop.signal.aborted) return new Error("stopped");
    const child = spawn(this.#options.command, this.#args(boot), {
      stdio: ["ignore", "pipe", "pipe"],
      signal: this.#stop.signal,
    });
    this.#child = child;
    const complaint = lastWords(child);
    const exited = eventOf(child, "exit");
    const closed = eventOf(child, "close");
    try {
      await once(child, "spawn");
      this.#options.found();
      const lines = new LineSplitter(LONGEST_ENTRY);
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        await this.#deliver(lines.take(chunk));
      }
    } catch (error) {
      child.kill();
      child.stderr.destroy();
      await exited;
      return error as Error;
    }
    const end = await closed;
    return new Error(`${this.#options.command} ended: ${complaint() || end}`);
  }

  async #deliver(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#options.take(lines, "appended");
    const cursor = CURSOR.exec(lines.at(-1) ?? "")?.[1];
    if (cursor !== undefined) this.#cursor = cursor;
  }

  /**
   * The name that the journal has for the boot under way, where this process is
   * told another: what runs containers gives each a boot of its own, and a unit
   * with a /proc of its own sees the machine's. journalctl follows one boot only,
   * and would wait for ever for the wrong one. What was logged just now is of the
   * boot under way, whatever its name; older entries say nothing.
   */
  async #bootElsewhere(): Promise<string | undefined> {
    const { command, clock, bootIdPath = BOOT_ID } = this.#options;
    const signal = this.#stop.signal;
    const newest = fieldsOf(await outputOf(command, NEWEST, signal));
    const boot = textOf(newest["_BOOT_ID"]);
    const loggedAt = Number(textOf(newest["__REALTIME_TIMESTAMP"])) / 1_000;
    const isFresh = Math.abs(clock.now() - loggedAt) < FRESH_MS;
    if (boot === undefined || !BOOT.test(boot) || !isFresh) return undefined;
    const here = await readFile(bootIdPath, "latin1").catch(() => "");
    return here.trim().replaceAll("-", "") === boot ? undefined : boot;
  }

  #args(boot: string | undefined): string[] {
    return [
      ...["--follow", "--output=json", "--no-pager", "--quiet"],
      ...(boot === undefined ? [] : [`--boot=${boot}`]),
      "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_PID",
      this.#cursor === undefined
        ? "--lines=0"
        : `--after-cursor=${this.#cursor}`,
      "_UID=0",
      ...this.#options.identifiers.map((each) => `SYSLOG_IDENTIFIER=${each}`),
    ];
  }
}

/** Reads one entry of `journalctl --output=json`; undefined for anything else. */
export function readJournalEntry(line: string): LogEntry | undefined {
  const fields = fieldsOf(line);
  const message = textOf(fields["MESSAGE"]);
  const identifier = textOf(fields["SYSLOG_IDENTIFIER"]);
  if (message === undefined || identifier === undefined) return undefined;
  const ms = Number(textOf(fields["__REALTIME_TIMESTAMP"])) / 1_000;
  const date = Number.isFinite(ms) ? { ms, zoned: true } : "";
  return { identifier, pid: textOf(fields["_PID"]) ?? "", message, date };
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** What is not UTF-8 comes as an array of bytes, what is too long as null. */
function textOf(field: unknown): string | undefined {
  if (typeof field === "string") return field;
  if (!Array.isArray(field)) return undefined;
  const isBytes = field.every((each) => Number.isInteger(each));
  return isBytes
    ? Buffer.from(field as number[]).toString("latin1")
    : undefined;
}

/** What a program prints; "" when it fails, or takes too long. */
function outputOf(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const options = { signal, timeout: PATIENCE_MS, maxBuffer: LONGEST_ENTRY };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout) =>
      resolve(error === null ? stdout : ""),
    );
  });
}

/** The last line that the child complained with. */
function lastWords(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("latin1")).slice(-LONGEST_COMPLAINT);
  });
  return () => text.trim().split("\n").at(-1) ?? "";
}

/** False when it was woken because all is over. */
function slept(clock: Clock, ms: number, over: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, over).then(
    () => true,
    () => false,
  );
}

/** Resolves to how it ended. */
function eventOf(
  child: ChildProcess,
  event: "exit" | "close",
): Promise<string> {
  return new Promise((resolve) => {
    child.once(event, (code: number | null, signal: string | null) =>
      resolve(signal ?? `exit code ${code ?? "unknown"}`),
    );
    // Without a process there is an error, and it never closes.
    child.once("error", (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}

const BOOT_ID = "/proc/sys/kernel/random/boot_id";
const BOOT = /^[0-9a-f]{32}$/;
const NEWEST = [
  ...["--lines=1", "--output=json", "--output-fields=_BOOT_ID"],
  ...["--no-pager", "--quiet"],
];
/** The service manager logs that it starts this agent. */
const FRESH_MS = 600_000;
const PATIENCE_MS = 10_000;

/** The journal's name of an entry; as JSON it needs no escapes. */
const CURSOR = /"__CURSOR"\s*:\s*"([\w=;-]{1,256})"/;

/** As JSON an array of bytes takes up to five characters a byte. */
const LONGEST_ENTRY = 64 * 1024;
const LONGEST_COMPLAINT = 512;
const STEADY_MS = 60_000;
const LONGEST_DELAY_MS = 60_000;
