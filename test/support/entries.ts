import { unixSeconds } from "../../agent/clock.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Entry } from "../../agent/model/ruleset.js";

/** Entries for ranges in text that expire in `seconds`. */
export function lasting(seconds: number, ...ranges: string[]): Entry[] {
  const expiresAt = unixSeconds(Date.now()) + seconds;
  return ranges.map((range) => ({
    cidr: parseCidr(range),
    expiresAt,
    observed: false,
  }));
}

/** Likewise, but merely observed. */
export function observed(seconds: number, ...ranges: string[]): Entry[] {
  return lasting(seconds, ...ranges).map((entry) => ({
    ...entry,
    observed: true,
  }));
}

/** Ranges as a rebuild takes them: in slices. */
// A stream by type, although nothing here is waited for.
// eslint-disable-next-line @typescript-eslint/require-await
export async function* slices(
  ...given: (readonly Entry[])[]
): AsyncGenerator<readonly Entry[], void> {
  yield* given;
}
