import { SOLID, type Needs } from "./rule-set.js";

/** Orgs whose sightings count, the heaviest first. */
export interface Witnesses {
  readonly orgs: readonly string[];
  /** What the word of each weighs, in the same order: above 0, at most 1. */
  readonly weights: readonly number[];
  /** So much of that is needed; nothing where hosts count. */
  readonly needs: Pick<Needs, "weight" | "orgs">;
}

/** Whether so many orgs, of which each weighs so much, are enough. */
export function isEnough(
  needs: Witnesses["needs"],
  weights: readonly number[],
): boolean {
  const solid = weights.filter((weight) => weight >= SOLID).length;
  return solid >= needs.orgs && sumOf(weights) >= needs.weight - TINY;
}

export const sumOf = (weights: readonly number[]): number =>
  weights.reduce((sum, weight) => sum + weight, 0);

/** What of them answers a question is enough for what they bear witness of. */
export const areEnough = (
  { orgs, weights, needs }: Witnesses,
  counts: (org: string) => boolean,
): boolean =>
  isEnough(
    needs,
    weights.filter((_, at) => counts(orgs[at] ?? "")),
  );

/** Those who would be enough by themselves, as few as may be; all where hosts count. */
export function fewest({ orgs, weights, needs }: Witnesses): readonly string[] {
  let count = 0;
  let left = needs.weight - TINY;
  while (count < orgs.length && (count < needs.orgs || left > 0)) {
    left -= weights[count] ?? 0;
    count += 1;
  }
  return count === 0 ? orgs : orgs.slice(0, count);
}

/** As the log has them: of an attacker whom everybody saw, the heaviest. */
export const written = ({ orgs, weights }: Omit<Witnesses, "needs">) => ({
  orgs: orgs.slice(0, MOST_WRITTEN),
  weights: weights.slice(0, MOST_WRITTEN).map(rounded),
});

const rounded = (weight: number): number => Math.round(weight * 1_000) / 1_000;

/** So many share what a decision cost of the rate, and the blame for it. */
const MOST_WRITTEN = 256;

/** Sums of parts are never exact. */
export const TINY = 1e-9;
