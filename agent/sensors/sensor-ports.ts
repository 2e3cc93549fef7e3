/**
 * How lines came: `appended` behind what had been read, so they are of this
 * moment; or with a file that is read from its start, `again` for all one knows.
 */
export type Arrival = "appended" | "again";

/**
 * Takes the lines of a log, in their order, and returns once they are dealt
 * with: a reader reads nothing meanwhile, so that nothing piles up. None were
 * appended when a log that was read from its start has been read to its end.
 */
export type TakeLines = (
  lines: readonly string[],
  arrival: Arrival,
) => Promise<void>;

/** A date as it was logged. */
export interface LogDate {
  /** Milliseconds since 1970; where no zone was named, as if it were UTC. */
  readonly ms: number;
  /** Whether the zone was named: then `ms` is the moment itself. */
  readonly zoned: boolean;
}

/** What a program logged, whoever kept it. */
export interface LogEntry {
  /** The program that logged it, as "sshd". */
  readonly identifier: string;
  /** Its process, where that is known; "" otherwise. */
  readonly pid: string;
  readonly message: string;
  /** When it was logged; as text it is for `readDate`, "" where nothing says. */
  readonly date: LogDate | string;
}
