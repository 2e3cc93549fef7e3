import type { Clock } from "../../agent/runtime/clock.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import type { DecisionLog } from "./decision-log.js";

/**
 * The rate of the rules' bans, and the orgs' shares of it. An org that had a part
 * in many bans of the last minute has room only while more than a third as many
 * are left: one alone uses three quarters of the rate, many share it, and
 * whoever was quiet always finds some left.
 */
export class Shares {
  readonly #spent: Pick<DecisionLog, "ruledSince" | "sharesSince">;
  readonly #most: number;
  readonly #clock: Pick<Clock, "now">;

  constructor(
    spent: Pick<DecisionLog, "ruledSince" | "sharesSince">,
    { maxPerMinute }: Pick<CorrelationSettings, "maxPerMinute">,
    clock: Pick<Clock, "now">,
  ) {
    this.#spent = spent;
    this.#most = maxPerMinute;
    this.#clock = clock;
  }

  /** As they are in this turn. */
  now(): SharesNow {
    const since = this.#clock.now() - 60_000;
    const used = this.#spent.ruledSince(since);
    const byOrg = this.#spent.sharesSince(since);
    return new SharesNow(Math.max(0, this.#most - used), byOrg);
  }
}

export class SharesNow {
  constructor(
    /** Bans that the rate has left. */
    readonly left: number,
    /** In how many bans of the last minute each org had a part. */
    readonly byOrg: ReadonlyMap<string, number>,
  ) {}

  hasRoom(org: string): boolean {
    return this.#used(org) < TIMES_WHAT_IS_LEFT * this.left;
  }

  /** Of these orgs, the one that has no room and had the least. */
  quietest(orgs: readonly string[]): string {
    const full = orgs.filter((org) => !this.hasRoom(org));
    full.sort((a, b) => this.#used(a) - this.#used(b));
    return full[0] ?? "";
  }

  #used(org: string): number {
    return this.byOrg.get(org) ?? 0;
  }
}

const TIMES_WHAT_IS_LEFT = 3;
