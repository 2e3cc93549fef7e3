/** What is known of something that was asked for, also after failures. */

import { ApiProblem, Unreachable } from "./api.js";

export interface AskedState<T> {
  /** As `apiPath` has it; undefined: nothing was asked for yet. */
  readonly path: string | undefined;
  readonly data?: T;
  readonly error?: Error;
  /** One after the other, up to now. */
  readonly failures?: number;
}

/** It may not be seen, or is not there: nothing is left to show. */
const FINAL: ReadonlySet<number> = new Set([403, 404, 410]);

/** The cloud is busy, or has not enough room for a while. */
const TOO_MUCH: ReadonlySet<number> = new Set([408, 425, 429]);

/** Milliseconds from a failure to the next question: at first, and at most. */
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 60_000;

/** What was known stays in sight while the cloud cannot say more. */
export function failed<T>(
  before: AskedState<T>,
  path: string,
  error: Error,
): AskedState<T> {
  if (error instanceof ApiProblem && FINAL.has(error.status)) {
    return { path, error };
  }
  if (before.path !== path) return { path, error, failures: 1 };
  return { ...before, error, failures: (before.failures ?? 0) + 1 };
}

/**
 * @returns milliseconds after which it is worth it to ask once more; undefined: it
 * did not fail, or would fail the same way
 */
export function retryAfter({
  error,
  failures = 1,
}: Pick<AskedState<unknown>, "error" | "failures">): number | undefined {
  if (error === undefined || !passes(error)) return undefined;
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
  const told = error instanceof ApiProblem ? error.retryAfter : undefined;
  return Math.max(wait, told === undefined ? 0 : told * 1_000);
}

const passes = (error: Error): boolean =>
  error instanceof Unreachable ||
  (error instanceof ApiProblem &&
    (error.status >= 500 || TOO_MUCH.has(error.status)));
