import type { Patience } from "./errors.js";

/**
 * How long to wait before the next dial, in milliseconds. `failures` counts
 * from one. Full jitter: a fleet that lost the cloud together must not return
 * together, and one that drains at once must not be dialed at full speed.
 */
export function retryDelayMs(
  patience: Patience,
  failures: number,
  random: () => number,
): number {
  switch (patience.kind) {
    case "backoff":
      return Math.round(random() * ceilingMs(failures));
    case "after":
      return atMostCap(patience.ms) + Math.round(random() * ceilingMs(1));
    case "within":
      return Math.min(
        CAP_MS,
        Math.round(
          (patience.afterMs ?? 0) +
            random() * Math.max(atMostCap(patience.ms), ceilingMs(failures)),
        ),
      );
    case "rarely":
      return Math.round(RARELY_MS * (0.5 + random()));
  }
}

const BASE_MS = 1_000;

/**
 * Of everything that a busy cloud, a proxy or the path between can be the cause
 * of: a host that stays away longer hears of no ban meanwhile.
 */
const CAP_MS = 120_000;

const RARELY_MS = 3_600_000;

/** What somebody asked for, with room for chance up to the cap. */
const atMostCap = (ms: number): number => Math.min(ms, CAP_MS - BASE_MS);

function ceilingMs(failures: number): number {
  return Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures - 1, 20));
}
