import type { Files } from "./files.js";

/** The machine that is installed on: its files, and programs to run. */
export interface Host {
  readonly files: Files;
  readonly run: Runner;
}

/**
 * Runs a program to its end and returns what it printed.
 * @throws CommandFailed
 */
export type Runner = (
  command: readonly string[],
  options?: RunOptions,
) => Promise<string>;

export interface RunOptions {
  /** Its standard input: secrets go there, as arguments are for all to read. */
  readonly input?: string;
}

/** A program ended badly; the message is what it said last. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";

  constructor(
    readonly command: readonly string[],
    readonly complaint: string,
  ) {
    super(complaint === "" ? `${command.join(" ")} failed` : complaint);
  }
}

/** Whether a program ends well: for questions that are answered by that. */
export async function succeeds(
  host: Host,
  command: readonly string[],
): Promise<boolean> {
  try {
    await host.run(command);
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}
