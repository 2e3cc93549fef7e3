import type { Readable } from "node:stream";
import { shown } from "../../agent/text/shown.js";

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

/** The same, of which a terminal obeys nothing that is printed, whoever wrote it. */
export const shownOnly = (io: Io): Io => ({
  ...io,
  out: (line) => io.out(shown(line)),
  err: (line) => io.err(shown(line)),
});
