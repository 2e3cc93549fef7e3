import { execFileSync } from "node:child_process";
import { failed } from "../agent/text/failure.js";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end and returns what it printed.
 * @throws Failure with what it complained about
 */
export function run(
  command: readonly [string, ...string[]],
  { cwd, environment }: RunOptions = {},
): string {
  const [program, ...rest] = command;
  try {
    return execFileSync(program, rest, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, LC_ALL: "C.UTF-8", ...environment },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: MOST_BYTES,
    });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    const complaint = stderr?.trim().split("\n").slice(-MOST_LINES).join("\n");
    throw failed(
      `${[program, ...rest].slice(0, 4).join(" ")}: ${complaint ?? (error as Error).message}`,
      error,
    );
  }
}

const MOST_BYTES = 256 * 1024 * 1024;
const MOST_LINES = 12;
