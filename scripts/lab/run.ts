import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";

/** A program of ours that runs beside this one, its output in a file. */
export interface Running {
  readonly pid: number;
  /** Resolves to the exit code, or to the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

export interface RunOptions {
  readonly args: readonly string[];
  /** Standard output and error go there, one behind the other. */
  readonly log: string;
  /** Runs in the network namespace of this process; ours when undefined. */
  readonly netns?: number | undefined;
  readonly nodeFlags?: readonly string[];
}

/** Starts `node ARGS`. */
export function runNode({
  args,
  log,
  netns,
  nodeFlags = [],
}: RunOptions): Running {
  const command = [process.execPath, ...nodeFlags, ...args];
  const [program = "", ...rest] =
    netns === undefined
      ? command
      : ["nsenter", "--target", String(netns), "--net", "--", ...command];
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
  const file = createWriteStream(log, { flags: "a" });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  return {
    pid: child.pid ?? -1,
    ended: endOf(child),
    kill: (signal) => void child.kill(signal),
  };
}

/** Runs `node ARGS` to its end and returns what it printed. */
export async function nodeOutput(
  args: readonly string[],
  netns?: number,
): Promise<string> {
  const command =
    netns === undefined
      ? [process.execPath, ...args]
      : [
          "nsenter",
          "--target",
          String(netns),
          "--net",
          "--",
          process.execPath,
          ...args,
        ];
  return output(command);
}

/** Runs a command to its end; what it says on failure is the error. */
export async function output(command: readonly string[]): Promise<string> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const end = await endOf(child);
  if (end === 0) return text;
  throw new Error(
    `${command.join(" ")} ended with ${end}: ${complaint.trim()}`,
  );
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
