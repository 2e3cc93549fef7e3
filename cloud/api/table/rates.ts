import type { Clock } from "../../../agent/runtime/clock.js";
import type { Caller } from "../../operators/caller.js";
import { TokenBucket } from "../../rate/token-bucket.js";
import { problem } from "../problem.js";

/** How often each credential may ask; the budget of one is none of another's. */
export class CallerRates {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** @throws ApiProblem that says when to come back */
  take({ credential }: Pick<Caller, "credential">): void {
    const bucket =
      this.#buckets.get(credential) ?? new TokenBucket(RATE, this.#clock);
    this.#buckets.delete(credential);
    this.#buckets.set(credential, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_CALLERS && oldest !== undefined) {
      this.#buckets.delete(oldest);
    }
    if (bucket.take()) return;
    throw problem(429, "too-many-requests", {
      ...{ field: "", value: undefined },
      message: `more than ${RATE.perSecond} requests a second for a while: go on in a second`,
    }).withHeaders({ "retry-after": "1" });
  }
}

/** A script may be quick; whoever is a flood waits for itself. */
const RATE = { perSecond: 100, burst: 1_000 };

/** Whose budget is remembered at a time. */
const MOST_CALLERS = 10_000;
