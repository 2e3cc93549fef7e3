/** What is fuzzed: parsers of one kind of bytes, and what they promise. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with, good and bad. */
  readonly corpus: readonly Buffer[];
  /** Each is given every input. */
  readonly readers: Readonly<Record<string, Read>>;
  /** Ways to what lies within an input; whole inputs are always mutated too. */
  readonly layers: readonly Layer[];
  /** Words that mean something to the parser. */
  readonly words: readonly string[];
  /** What it may throw; everything else is a finding. */
  readonly refusals: readonly ErrorClass[];
  /** Longest input. */
  readonly mostBytes: number;
  /** Bytes of memory that reading one input may take. */
  readonly mostMemory: number;
  /** Milliseconds of processor time that it may take. */
  readonly mostCpuMs: number;
}

/**
 * Reads bytes, and says in a few words what they came to.
 * @throws one of the target's refusals, or Broken
 */
export type Read = (bytes: Buffer) => string | Promise<string>;

/**
 * Something within an input that is bound by hashes, lengths and signatures.
 * `seal` makes those right again, so that what lies behind them is reached.
 */
export interface Layer {
  /** @throws anything where the input has no such thing */
  open(outer: Buffer): Buffer;
  /** @throws anything where it does not fit in */
  seal(inner: Buffer, outer: Buffer): Buffer;
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** A promise that does not hold, although nothing was thrown. */
export class Broken extends Error {
  override readonly name = "Broken";

  constructor(
    /** Which promise. */
    readonly check: string,
    problem: string,
  ) {
    super(problem);
  }
}
