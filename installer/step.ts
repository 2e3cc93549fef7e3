import type { Host } from "./host.js";

/** One thing that the installation leaves on the host. */
export interface Step {
  /** Two or three words, unlike any other step's. */
  readonly name: string;
  /** What `do` would do, in one line for people. */
  describe(): string;
  /** Whether nothing is left to do: asked of the host, never remembered. */
  isDone(host: Host): Promise<boolean>;
  /**
   * Does it, whatever an earlier run that was interrupted has left of it.
   * @throws Failure or CommandFailed; the step may be half done then
   */
  do(host: Host): Promise<void>;
  /** What people are to know once it was done, a line each. */
  told?(): string;
  /** Takes it away, wholly or half done; harmless when nothing is there. */
  undo(host: Host): Promise<void>;
}

/** What is known at once, as a promise. */
export function settled(): Promise<void>;
export function settled<T>(value: T): Promise<T>;
export function settled(value?: unknown): Promise<unknown> {
  return Promise.resolve(value);
}
