import type { Clock } from "../../agent/runtime/clock.js";
import { TokenBucket, type Rate } from "./token-bucket.js";

/** A token bucket for each agent, whichever connections it comes over. */
export class AgentBudgets {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #buckets = new Map<string, TokenBucket>();
  /** When there are so many, those that would be no different anew are let go. */
  #many = MANY_BUCKETS;

  constructor(rate: Rate, clock: Pick<Clock, "monotonic">) {
    this.#rate = rate;
    this.#clock = clock;
  }

  of(agent: string): TokenBucket {
    const known = this.#buckets.get(agent);
    if (known !== undefined) return known;
    if (this.#buckets.size >= this.#many) this.#letGo();
    const bucket = new TokenBucket(this.#rate, this.#clock);
    this.#buckets.set(agent, bucket);
    return bucket;
  }

  /** Not again before there are twice as many: each look goes through them all. */
  #letGo(): void {
    for (const [agent, bucket] of this.#buckets) {
      if (bucket.full) this.#buckets.delete(agent);
    }
    this.#many = Math.max(MANY_BUCKETS, 2 * this.#buckets.size);
  }
}

const MANY_BUCKETS = 10_000;
