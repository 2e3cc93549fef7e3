/**
 * Takes the lines of a log, in their order, and returns once they are dealt
 * with: a reader reads nothing meanwhile, so that nothing piles up.
 */
export type TakeLines = (lines: readonly string[]) => Promise<void>;

/** What a program logged, whoever kept it. */
export interface LogEntry {
  /** The program that logged it, as "sshd". */
  readonly identifier: string;
  /** Its process, where that is known; "" otherwise. */
  readonly pid: string;
  readonly message: string;
  /** Milliseconds from when it was logged until now, by the wall clock. */
  readonly ageMs: number;
}
