/** Ends a command with one line for the person who gave it. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    message: string,
    readonly exitCode: ExitCode,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const exitCodes = {
  /** What was asked for did not happen. */
  failed: 1,
  /** What was asked for makes no sense: wrong option, file or value. */
  usage: 2,
  /** Of several things that were asked for, some did not happen. */
  inPart: 3,
  /** It is dangerous, and waits for a second person. */
  waits: 4,
} as const;
export type ExitCode = 0 | (typeof exitCodes)[keyof typeof exitCodes];

export const failed = (message: string, cause?: unknown): Failure =>
  new Failure(message, exitCodes.failed, { cause });

export const misused = (message: string, cause?: unknown): Failure =>
  new Failure(message, exitCodes.usage, { cause });
