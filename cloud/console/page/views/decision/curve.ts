/** What of a host the curve is drawn from. */
export interface Proof {
  /** It came after the decision, which waited for nobody who was to come. */
  readonly late: boolean;
  /** When the cloud had its receipt: RFC 3339; null: it has none. */
  readonly provedAt: string | null;
}

/** So many hosts had proved it by then. */
export interface Point {
  /** Milliseconds since the decision. */
  readonly ms: number;
  readonly hosts: number;
}

/** Finer than any screen draws it. */
const MOST_POINTS = 600;

/** Nothing is earlier: a receipt of the same millisecond is drawn there. */
const LEAST_MS = 1;

/**
 * Receipts over time: how many hosts had said so by when, the earliest first.
 * @param decidedAt RFC 3339
 * @param hosts those that do what was decided
 */
export function curveOf(
  decidedAt: string,
  hosts: readonly Proof[],
): readonly Point[] {
  const from = Date.parse(decidedAt);
  const taken = hosts
    .flatMap(({ late, provedAt }) =>
      late || provedAt === null ? [] : Date.parse(provedAt) - from,
    )
    .map((ms) => Math.max(LEAST_MS, ms))
    .sort((a, b) => a - b);
  return thinned(stepsOf(taken));
}

/** Hosts that said so in the same millisecond are one step. */
function stepsOf(taken: readonly number[]): readonly Point[] {
  const steps: Point[] = [];
  for (const [nth, ms] of taken.entries()) {
    if (steps.at(-1)?.ms === ms) steps.pop();
    steps.push({ ms, hosts: nth + 1 });
  }
  return steps;
}

/** The first and the last stay, and of the others as many as can be seen. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from(
    { length: MOST_POINTS },
    (_, nth) => points[Math.round(nth * step)] as Point,
  );
}

/** How many hosts had said so by then. */
export const hostsBy = (points: readonly Point[], ms: number): number =>
  points.findLast((point) => point.ms <= ms)?.hosts ?? 0;

/** Times at which a table tells how far it was: milliseconds. */
const MILESTONES = [
  ...[50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000],
  ...[300_000, 900_000, 3_600_000, 14_400_000, 86_400_000],
];

/** The curve in a few rows: from the first milestone that tells anything on. */
export function milestonesOf(points: readonly Point[]): readonly Point[] {
  const last = points.at(-1);
  if (last === undefined) return [];
  const rows = MILESTONES.filter((ms) => ms < last.ms)
    .map((ms) => ({ ms, hosts: hostsBy(points, ms) }))
    .filter(({ hosts }, nth, all) => hosts !== (all[nth - 1]?.hosts ?? 0));
  return [...rows, last];
}

/** "84 ms", "1.2 s", "5 min": as exact as it is of interest. */
export function tookText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}
