import type { AgentEvents } from "../../events/events.js";
import { guardDigest } from "../../guard/digest.js";
import type { GuardPolicy, HostFacts } from "../../guard/facts.js";
import { holdingRule, isOfPolicy, ownBan } from "../../guard/guard.js";
import type { Approvals } from "../../keyring/approval-store.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { Guard, JudgedBan } from "../../ledger/review.js";
import { NOT_CONFIRMED, type TrialTerms } from "../../ledger/trials.js";
import type { Confirmed } from "../../ledger/unconfirmed.js";
import type { Cidr } from "../../model/cidr.js";
import type { FeedName } from "../../model/position.js";
import { RING_WAITS } from "../../model/rings.js";
import {
  unixSeconds,
  type BanClock,
  type UnixSeconds,
} from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";
import type { FeedLimiter } from "./feed-limiter.js";
import { policyHolds } from "./policy-holds.js";

export interface ReReviewPorts {
  readonly ledger: Pick<
    Ledger,
    "purge" | "reviewAgain" | "unconfirmed" | "revision" | "overrides"
  >;
  readonly facts: () => HostFacts;
  readonly policy: GuardPolicy;
  readonly approvals: Pick<Approvals, "allows" | "digest">;
  readonly policies: Pick<PolicyStore, "held">;
  readonly limiter: Pick<FeedLimiter, "forReview" | "settings" | "life">;
  readonly trial: TrialTerms;
  readonly clock: BanClock;
  readonly events: Pick<AgentEvents, "maintenanceFailed">;
  /** Bans were held or released: the kernel is to know. */
  readonly enforce: () => Promise<void>;
}

/**
 * What the ledger needs beside the walk, in slices of some milliseconds, so that
 * nothing waits for the whole. When it is disposed, no slice runs any more.
 */
export class ReReview implements AsyncDisposable {
  readonly #ports: ReReviewPorts;
  readonly #turns = new Mutex();
  readonly #confirmations = new Mutex();
  readonly #stop = new AbortController();

  constructor(ports: ReReviewPorts) {
    this.#ports = ports;
  }

  /** All of it, as far as there is anything to do. */
  run(): Promise<void> {
    return this.#turns.run(async () => {
      try {
        await this.#review();
        await this.#tidy();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#ports.events.maintenanceFailed(error);
      }
    });
  }

  /**
   * Records that bans whose trial failed are to be in force: all, or that on
   * exactly this range. They are not tried again; the kernel is not told by this.
   */
  confirm(range: Cidr | undefined): Promise<Confirmed> {
    // In turns of its own: it does not wait for a round through all bans.
    return this.#confirmations.run(async () => {
      const { ledger } = this.#ports;
      if (ledger.unconfirmed.mayBeMore()) {
        await this.#turns.run(() => this.#review());
      }
      const round = this.#round();
      const { confirmed, step } = ledger.unconfirmed.confirm(
        round.guard,
        range,
      );
      await this.#inSlices((now) => step(ROWS_AT_ONCE, now));
      round.over();
      return confirmed;
    });
  }

  /** Waits for the slice under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#confirmations.idle();
    await this.#turns.idle();
  }

  /** Shows recorded bans to the guard as it is now, if it is another. */
  async #review(): Promise<void> {
    const { ledger, enforce } = this.#ports;
    if (this.#stop.signal.aborted) return;
    const before = ledger.revision();
    const round = this.#round(); // one guard for all of it, so that it ends
    const { guard } = round;
    await this.#inSlices((now) => ledger.reviewAgain(guard, ROWS_AT_ONCE, now));
    round.over();
    const { overrides } = ledger;
    await this.#inSlices((now) =>
      overrides.endWithholding(now, RANGES_AT_ONCE),
    );
    if (ledger.revision() === before) return;
    await enforce().catch(() => undefined); // it tells, and goes on trying
  }

  #round(): { readonly guard: Guard; over(): void } {
    const { policy, approvals, limiter, trial, clock } = this.#ports;
    const { overrides } = this.#ports.ledger;
    const facts = this.#ports.facts();
    const own = ownBan(facts);
    const factsFor = (feed: FeedName) => (feed === "local" ? own : facts);
    const now = unixSeconds(clock.now());
    const budgets = limiter.forReview(now);
    const holds = policyHolds(this.#ports.policies);
    const allowed = `${approvals.digest(now)} ${limiter.settings} ${holds.digest}`;
    const isApproved = (feed: FeedName) => (cidr: Cidr) =>
      approvals.allows(feed, cidr, now);
    /** What was held comes into force as if it had been ordered just now. */
    const kept = (ban: JudgedBan) => {
      if (ban.held === undefined) return undefined;
      if (ban.held === NOT_CONFIRMED) return NOT_CONFIRMED;
      const budget = budgets.of(ban.feed);
      if (isOfPolicy(ban.held)) return budget.readmit(ban);
      return budget.admit(ban);
    };
    /**
     * A policy has no say in what its trial made of a ban on this host. What was not
     * in force before is admitted now, as it comes back without that.
     */
    const judged = (ban: JudgedBan) => {
      const isAllowed = isApproved(ban.feed);
      const rule =
        holdingRule(ban.cidr, factsFor(ban.feed), policy, isAllowed) ??
        holds.ruleOf(ban.feed, ban.cidr);
      if (!isOfPolicy(rule)) return rule;
      if (ban.held === undefined || isOfPolicy(ban.held)) return rule;
      return kept(ban) ?? rule;
    };
    return {
      guard: {
        digest: guardDigest(facts, policy, allowed),
        holdingRule: (ban, at) =>
          judged(ban) ??
          overrides.withheldRuleOf(ban, now) ??
          waits(ban, at) ??
          kept(ban),
        trial,
      },
      over: () => {
        budgets.over();
      },
    };
  }

  /** Takes out what counts no more. */
  #tidy(): Promise<void> {
    const { ledger, limiter } = this.#ports;
    const { life } = limiter;
    return this.#inSlices((now) => ledger.purge(now, ROWS_AT_ONCE, life));
  }

  async #inSlices(slice: (now: UnixSeconds) => boolean): Promise<void> {
    const { clock } = this.#ports;
    const { signal } = this.#stop;
    while (!signal.aborted && slice(unixSeconds(clock.now()))) {
      await clock.sleep(BETWEEN_SLICES_MS, signal);
    }
  }
}

/** By the time of its own slice: a round may go on past the turn of a ring. */
const waits = ({ ringAt }: JudgedBan, at: UnixSeconds): string | undefined =>
  (ringAt ?? 0) > at ? RING_WAITS : undefined;

const ROWS_AT_ONCE = 2_000;
/** Each is looked up in every feed. */
const RANGES_AT_ONCE = 200;
const BETWEEN_SLICES_MS = 20;
