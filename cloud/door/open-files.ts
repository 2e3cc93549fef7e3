import { readFileSync } from "node:fs";

/** How many files this process may have open; what is not told counts as few. */
export function mostOpenFiles(text = limitsOfThisProcess()): number {
  const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(text) ?? [];
  if (soft === "unlimited") return UNLIMITED;
  return soft === undefined ? FEW : Number(soft);
}

/** What is left for connections once the cloud's own files have theirs. */
export const mostConnections = (openFiles: number): number =>
  Math.min(
    MOST_CONNECTIONS,
    Math.max(FEWEST_CONNECTIONS, openFiles - OWN_FILES),
  );

/** One for each agent, and as much again for what they fetch. */
const MOST_CONNECTIONS = 32_768;

/** With fewer there is no cloud worth the name; open files run out first. */
const FEWEST_CONNECTIONS = 16;

/**
 * Databases with their logs (some 20), snapshots that are read (128) or built,
 * operators at their own door (64), lists, keys, and the process's own.
 */
const OWN_FILES = 320;

/** What a kernel gives a process that nobody has raised it for. */
const FEW = 1_024;

const UNLIMITED = 1_000_000;

function limitsOfThisProcess(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
