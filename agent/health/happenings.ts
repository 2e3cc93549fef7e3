/** How many single happenings of one kind were told, and when. */
export interface Told {
  /** When each of the last hour was told, by the clock that never jumps. */
  readonly at: readonly number[];
  /** Those that were not told since the last that was. */
  readonly untold: number;
}

export const NOTHING_TOLD: Told = { at: [], untold: 0 };

/**
 * Takes one more in: `tell` says whether it is told by itself. Beyond a number
 * in any hour they are counted instead, and the next that is told says how many.
 */
export function take(
  told: Told,
  now: number,
): { readonly told: Told; readonly tell: boolean; readonly untold: number } {
  const recent = told.at.filter((each) => now - each < AN_HOUR_MS);
  if (recent.length >= MOST_AN_HOUR) {
    const untold = told.untold + 1;
    return { told: { at: recent, untold }, tell: false, untold };
  }
  const next = { at: [...recent, now], untold: 0 };
  return { told: next, tell: true, untold: told.untold };
}

export const MOST_AN_HOUR = 30;

const AN_HOUR_MS = 3_600_000;
