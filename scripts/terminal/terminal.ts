import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** What a command wrote to a terminal of 80 columns, escape sequences and all. */
export interface Session {
  /** As a person typed it. */
  readonly typed: string;
  readonly bytes: Buffer;
}

export interface Typed {
  readonly typed: string;
  readonly command: readonly string[];
  /** Looked at after so long, while it still runs; otherwise when it has ended. */
  readonly afterMs?: number;
}

/** Runs a command in a pseudo-terminal, which util-linux's script(1) opens for it. */
export async function inATerminal(wish: Typed): Promise<Session> {
  const { typed, command, afterMs } = wish;
  const asked = `stty columns ${COLUMNS} rows ${ROWS} && exec ${command.map(quoted).join(" ")}`;
  const child = spawn(
    "script",
    ["--quiet", "--flush", "--command", asked, "/dev/null"],
    { stdio: ["pipe", "pipe", "inherit"], env: environment() },
  );
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on("error", () => undefined);
  const ended = new Promise((resolve) => child.once("close", resolve));
  await (afterMs === undefined ? ended : Promise.race([ended, sleep(afterMs)]));
  const bytes = Buffer.concat(chunks);
  child.stdin.end("\x03"); // Ctrl-C; who has ended does not hear it
  await ended;
  return { typed, bytes };
}

export const COLUMNS = 80;
/** No more than a person sees at once without scrolling. */
const ROWS = 50;

/** script(1) hands one string to a shell; what is in it is a lab's own. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

function environment(): NodeJS.ProcessEnv {
  const { NO_COLOR: _, ...rest } = process.env;
  return { ...rest, TERM: "xterm-256color", SHELL: "/bin/sh", ...SMALL };
}

/** Columns and lines are the terminal's own to say. */
const SMALL = { COLUMNS: undefined, LINES: undefined };
