import { SOLID, type Needs } from "./rule-set.js";

/** What an org's word weighs by itself. */
export interface Word {
  /** From 0 to 1. */
  readonly weight: number;
  /** When it came, where too many others came with it: ms since 1970. */
  readonly batchAt?: number | undefined;
}

/** Orgs whose sightings count, the heaviest first. */
export interface Witnesses {
  readonly orgs: readonly string[];
  /** What each adds to the sum, in the same order: 0 for whom its batch speaks. */
  readonly weights: readonly number[];
  /** What the word of each weighs by itself, in the same order: above 0. */
  readonly words: readonly Word[];
  /** So much of that is needed; nothing where hosts count. */
  readonly needs: Pick<Needs, "weight" | "orgs">;
}

/** Whether so many orgs, of which each weighs so much, are enough. */
export function isEnough(
  { orgs, weight }: Witnesses["needs"],
  words: readonly Word[],
): boolean {
  const solid = words.filter((word) => word.weight >= SOLID);
  const ones = solid.map((word) => ({ ...word, weight: 1 }));
  return sumOf(added(ones)) >= orgs && sumOf(added(words)) >= weight - TINY;
}

/**
 * What each of these words adds where they are told together: of orgs that came with
 * too many others, those alone that came more than a day apart, and of these choices
 * the one that weighs the most. So whoever joins takes no weight away.
 */
export function added(words: readonly Word[]): readonly number[] {
  const adds = words.map(({ weight, batchAt }) =>
    batchAt === undefined ? weight : 0,
  );
  const batched = words.flatMap(({ weight, batchAt: came }, at) =>
    came === undefined ? [] : [{ at, weight, came }],
  );
  batched.sort((a, b) => a.came - b.came);
  /** Of the first none, one, two …: who of them weigh the most together. */
  const heaviest: (Chosen | undefined)[] = [undefined];
  let apart = 0;
  for (const [before, { at, weight, came }] of batched.entries()) {
    while (came - (batched[apart]?.came ?? came) > BATCH_WITHIN_MS) apart += 1;
    const others = heaviest[apart];
    const sum = weight + (others?.sum ?? 0);
    const without = heaviest[before];
    const isMore = sum > (without?.sum ?? 0);
    heaviest.push(isMore ? { at, weight, sum, others } : without);
  }
  for (let each = heaviest.at(-1); each !== undefined; each = each.others) {
    adds[each.at] = each.weight;
  }
  return adds;
}

/** The last of some that came apart, what they weigh, and the others of them. */
interface Chosen {
  readonly at: number;
  readonly weight: number;
  readonly sum: number;
  readonly others: Chosen | undefined;
}

export const sumOf = (weights: readonly number[]): number =>
  weights.reduce((sum, weight) => sum + weight, 0);

/** What of them answers a question is enough for what they bear witness of. */
export const areEnough = (
  { orgs, words, needs }: Witnesses,
  counts: (org: string) => boolean,
): boolean =>
  isEnough(
    needs,
    words.filter((_, at) => counts(orgs[at] ?? "")),
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
export const written = ({
  orgs,
  weights,
}: Pick<Witnesses, "orgs" | "weights">) => ({
  orgs: orgs.slice(0, MOST_WRITTEN),
  weights: weights.slice(0, MOST_WRITTEN).map(rounded),
});

const rounded = (weight: number): number => Math.round(weight * 1_000) / 1_000;

/** So many share what a decision cost of the rate, and the blame for it. */
const MOST_WRITTEN = 256;

/** Sums of parts are never exact. */
export const TINY = 1e-9;

/** Orgs of a batch that came so close to each other are as one. */
export const BATCH_WITHIN_MS = 24 * 60 * 60 * 1000;
