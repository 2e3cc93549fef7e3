import { isoTime } from "../../agent/text/time.js";

/** What became of a configuration that was read anew. */
export interface Reloaded {
  /** Names of settings that are others than before, and count. */
  readonly changed: readonly string[];
  /** Names of those that are others than at the start, and count from the next on. */
  readonly needsRestart: readonly string[];
}

/** A configuration that is not taken. */
export interface Refused {
  /** Every problem, with its file and line, on one line. */
  readonly why: string;
  /** When what counts in its place was taken, in milliseconds since 1970. */
  readonly lastGood: number;
}

/** The same, as `tourniquet status --json` prints it. */
export interface ConfigurationReport {
  readonly refused: string;
  /** ISO 8601. */
  readonly lastGood: string;
}

export const configurationOf = (
  refused: Refused | undefined,
): { readonly configuration: ConfigurationReport | null } => ({
  configuration:
    refused === undefined
      ? null
      : { refused: refused.why, lastGood: isoTime(refused.lastGood) },
});

/** What is wrong, on one line. */
export const onOneLine = (text: string): string =>
  text.replace(/:\n +/, ": ").replaceAll(/\n +/g, "; ");
