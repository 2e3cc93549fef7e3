import type { Readable } from "node:stream";

/** The process, as far as commands may touch it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(line: string): void;
  err(line: string): void;
  /** Standard input, for who asks for it. */
  input(): Readable;
  /** Resolves when the process is asked to stop. */
  stopped(): Promise<void>;
}
