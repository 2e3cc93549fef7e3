import * as v from "valibot";
import type { Clock } from "../../agent/runtime/clock.js";
import { TokenBucket, type Rate } from "../rate/token-bucket.js";

const MebiBytes = v.pipe(v.number(), v.integer(), v.minValue(1));

/** `telemetry` of `cloud.json`: what hosts may add to the journal, in MiB. */
export const TelemetrySettings = v.strictObject({
  /** A host that is attacked all day reports some 30 MiB. */
  agentMiBPerDay: v.optional(MebiBytes, 64),
  /** A spool that filled up while its host was away (32 MiB), and then some. */
  agentBurstMiB: v.optional(MebiBytes, 40),
  orgMiBPerDay: v.optional(MebiBytes, 4_096),
  orgBurstMiB: v.optional(MebiBytes, 2_048),
});
export type TelemetrySettings = v.InferOutput<typeof TelemetrySettings>;

/** Whose allowance is used up; undefined when there was enough. */
export type Over = "agent" | "org" | undefined;

/** How many bytes of telemetry each agent and each org may still report. */
export class Allowances {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  readonly #ofAgent: Rate;
  readonly #ofOrg: Rate;
  readonly #agents = new Map<string, TokenBucket>();
  readonly #orgs = new Map<string, TokenBucket>();
  /** Since when agents are over theirs: milliseconds since 1970. */
  readonly #over = new Map<string, number>();

  constructor(
    settings: TelemetrySettings,
    clock: Pick<Clock, "now" | "monotonic">,
  ) {
    this.#clock = clock;
    this.#ofAgent = rateOf(settings.agentMiBPerDay, settings.agentBurstMiB);
    this.#ofOrg = rateOf(settings.orgMiBPerDay, settings.orgBurstMiB);
  }

  /** Takes so many bytes from both, or from neither. */
  take(
    { agent, org }: { readonly agent: string; readonly org: string },
    bytes: number,
  ): Over {
    const own = bucketOf(this.#agents, agent, () => this.#new(this.#ofAgent));
    const shared = bucketOf(this.#orgs, org, () => this.#new(this.#ofOrg));
    const over = whoseOver(own, shared, bytes);
    if (over !== undefined) {
      if (!this.#over.has(agent)) this.#over.set(agent, this.#clock.now());
      return over;
    }
    own.take(bytes);
    shared.take(bytes);
    // One that lives from hand to mouth is over its budget still.
    if (own.holds(this.#ofAgent.burst / 10)) this.#over.delete(agent);
    return undefined;
  }

  /** Since when the agent's telemetry waits for its budget; null: it does not. */
  overSince(agent: string): number | null {
    return this.#over.get(agent) ?? null;
  }

  /** How many agents are over theirs. */
  get overCount(): number {
    return this.#over.size;
  }

  #new(rate: Rate): TokenBucket {
    return new TokenBucket(rate, this.#clock);
  }
}

function whoseOver(own: TokenBucket, shared: TokenBucket, bytes: number): Over {
  if (!own.holds(bytes)) return "agent";
  return shared.holds(bytes) ? undefined : "org";
}

/** When there are many, those that say nothing are let go of. */
function bucketOf(
  all: Map<string, TokenBucket>,
  name: string,
  make: () => TokenBucket,
): TokenBucket {
  const known = all.get(name);
  if (known !== undefined) return known;
  if (all.size >= MANY_BUCKETS) {
    for (const [other, bucket] of all) if (bucket.full) all.delete(other);
  }
  const bucket = make();
  all.set(name, bucket);
  return bucket;
}

const MANY_BUCKETS = 10_000;

const rateOf = (miBPerDay: number, burstMiB: number): Rate => ({
  perSecond: (miBPerDay * MIB) / DAY_S,
  burst: burstMiB * MIB,
});

const MIB = 1024 * 1024;
const DAY_S = 86_400;
