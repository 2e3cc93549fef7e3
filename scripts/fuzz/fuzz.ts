import fc from "fast-check";
import { judge, type Breach } from "./judge.js";
import { inputs } from "./mutate.js";
import type { Target } from "./target.js";

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Is shown every input before it is read, in case that never ends. */
  readonly about?: (bytes: Buffer) => void;
}

export interface Report {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  readonly inputs: number;
  /** How many inputs came how far. */
  readonly depths: Readonly<Record<string, number>>;
  /** How many kinds of answers there were. */
  readonly shapes: number;
  readonly finding: Finding | undefined;
}

/** An input, as small as it could be made, that breaks a promise. */
export interface Finding extends Breach {
  readonly bytes: Buffer;
}

/**
 * Reads mutated inputs until the time is over or a promise is broken. An input
 * that is answered as none was before is kept, and mutated further: the poor
 * man's coverage. The same seed repeats the same inputs.
 */
export async function fuzz(
  target: Target,
  { seconds, seed, about }: FuzzOptions,
): Promise<Report> {
  const startedAt = performance.now();
  const isOver = () => performance.now() - startedAt > seconds * 1_000;
  const run = new Run(target, isOver, about);
  let finding: Finding | undefined;
  for (let round = 0; finding === undefined && !isOver(); round++) {
    finding = await run.round(seed + round);
  }
  return {
    ...{ target: target.name, seed, finding },
    ...{ inputs: run.inputs, shapes: run.shapes.size },
    seconds: (performance.now() - startedAt) / 1_000,
    depths: Object.fromEntries(run.depths),
  };
}

class Run {
  readonly depths = new Map<string, number>();
  readonly shapes = new Set<string>();
  inputs = 0;
  readonly #target: Target;
  readonly #isOver: () => boolean;
  readonly #about: (bytes: Buffer) => void;
  readonly #corpus: Buffer[];

  constructor(
    target: Target,
    isOver: () => boolean,
    about: (bytes: Buffer) => void = () => undefined,
  ) {
    this.#target = target;
    this.#isOver = isOver;
    this.#about = about;
    this.#corpus = [...target.corpus];
  }

  /** The corpus grows between rounds only, so that what failed can be repeated. */
  async round(seed: number): Promise<Finding | undefined> {
    const news: Buffer[] = [];
    let breach: Breach | undefined;
    let foundAt = Infinity;
    const property = fc.asyncProperty(
      inputs(this.#target, this.#corpus),
      async (bytes) => {
        const isLate = performance.now() - foundAt > MOST_SHRINKING_MS;
        if (isLate || (breach === undefined && this.#isOver())) return true;
        const found = await this.#read(bytes, news);
        if (found === undefined) return true;
        foundAt = Math.min(foundAt, performance.now());
        breach = found;
        return false;
      },
    );
    const result = await fc.check(property, { seed, numRuns: ROUND });
    this.#keep(news);
    const [bytes] = result.counterexample ?? [];
    if (breach === undefined || bytes === undefined) return undefined;
    return { ...breach, bytes };
  }

  /** Returns the promise that the input breaks. */
  async #read(bytes: Buffer, news: Buffer[]): Promise<Breach | undefined> {
    this.inputs++;
    this.#about(bytes);
    const judgement = await judge(this.#target, bytes);
    if ("breach" in judgement) return judgement.breach;
    for (const { depth, shape } of judgement.outcomes) {
      this.depths.set(depth, (this.depths.get(depth) ?? 0) + 1);
      if (this.shapes.has(shape) || this.shapes.size === MOST_SHAPES) continue;
      this.shapes.add(shape);
      news.push(Buffer.from(bytes));
    }
    return undefined;
  }

  /** The newest first take the place of what was kept before, never of the given. */
  #keep(news: readonly Buffer[]): void {
    const small = news.filter(({ length }) => length <= LARGEST_KEPT);
    this.#corpus.push(...small);
    const over = this.#corpus.length - this.#target.corpus.length - MOST_KEPT;
    if (over > 0) this.#corpus.splice(this.#target.corpus.length, over);
  }
}

const ROUND = 500;

/** Time for making what was found smaller. */
const MOST_SHRINKING_MS = 5_000;

const MOST_SHAPES = 5_000;
const MOST_KEPT = 500;
const LARGEST_KEPT = 16_384;
