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
      return withinMs(patience, failures, random);
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

/**
 * Where both together are beyond the cap, coming early is the lesser harm: one that
 * comes too soon comes again, and a whole fleet at one moment keeps a cloud down.
 */
function withinMs(
  { ms, afterMs = 0 }: Patience & { readonly kind: "within" },
  failures: number,
  random: () => number,
): number {
  const spread = Math.max(atMostCap(ms), ceilingMs(failures));
  return Math.round(Math.min(afterMs, CAP_MS - spread) + random() * spread);
}

/** What somebody asked for, with room for chance up to the cap. */
const atMostCap = (ms: number): number => Math.min(ms, CAP_MS - BASE_MS);

function ceilingMs(failures: number): number {
  return Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures - 1, 20));
}
