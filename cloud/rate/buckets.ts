import type { Clock } from "../../agent/runtime/clock.js";
import { TokenBucket, type Rate } from "./token-bucket.js";

/** A bucket each; the one that was not asked for longest is forgotten first. */
export class Buckets {
  readonly #all = new Map<string, TokenBucket>();

  constructor(
    private readonly rate: Rate,
    private readonly most: number,
    private readonly clock: Pick<Clock, "monotonic">,
  ) {}

  of(name: string): TokenBucket {
    const known = this.#all.get(name);
    const bucket = known ?? new TokenBucket(this.rate, this.clock);
    return keepNewest(this.#all, name, bucket, this.most);
  }
}

/** Puts it last, and forgets the first where there are more than `most`. */
export function keepNewest<T>(
  all: Map<string, T>,
  name: string,
  one: T,
  most: number,
): T {
  all.delete(name);
  all.set(name, one);
  const [oldest] = all.keys();
  if (all.size > most && oldest !== undefined) all.delete(oldest);
  return one;
}
