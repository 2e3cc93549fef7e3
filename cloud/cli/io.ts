/** The process, as far as commands may touch it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(line: string): void;
  err(line: string): void;
  /** Resolves when the process is asked to stop. */
  stopped(): Promise<void>;
}

/** What a command cannot do, in one line, with the exit code it deserves. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";

  constructor(
    message: string,
    /**
     * 2: what was asked is wrong. 1: it is right, but could not be done. 3: it
     * was done in part.
     */
    readonly exitCode: 1 | 2 | 3,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
