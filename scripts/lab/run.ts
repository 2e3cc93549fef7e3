import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";

export { output } from "../../service/selftest/stage/output.js";

/** A program of ours that runs beside this one, its output in a file. */
export interface Running {
  readonly pid: number;
  /** Resolves to the exit code, or to the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

export interface RunOptions {
  readonly command: readonly string[];
  /** Added to what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard output and error go there, one behind the other. */
  readonly log: string;
}

/** Starts a program. */
export function start({ command, environment, log }: RunOptions): Running {
  const [program = "", ...rest] = command;
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const file = createWriteStream(log, { flags: "a" });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  return {
    pid: child.pid ?? -1,
    ended: endOf(child),
    kill: (signal) => void child.kill(signal),
  };
}

/** Waits until `ready` returns something, for at most `mostMs`. */
export async function until<T>(
  what: string,
  ready: () => Promise<T | undefined>,
  mostMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + mostMs;
  for (;;) {
    const found = await ready().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new Error(`waited ${mostMs} ms in vain: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, "close")) as [
    number | null,
    string | null,
  ];
  return code ?? signal ?? "unknown";
}
