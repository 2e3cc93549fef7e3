import type { Config } from "./config/config.js";
import type { AgentEvents } from "./events/events.js";
import { AddressWatch, type NetworkNews } from "./host/address-watch.js";
import type { UncoveredPaths } from "./host/paths.js";
import type { Approvals } from "./keyring/approval-store.js";
import type { PolicyStore } from "./keyring/policy-store.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Confirmed } from "./ledger/unconfirmed.js";
import type { Cidr } from "./model/cidr.js";
import type { FeedName } from "./model/position.js";
import type { Protection } from "./protect/protection.js";
import { Lifetime } from "./runtime/lifetime.js";
import { schedule } from "./runtime/schedule.js";
import type { BanTime } from "./time/ban-time.js";
import type { AllowedHere } from "./walks/ban/allowed-here.js";
import { unixSeconds } from "./runtime/clock.js";
import type { FeedLimiter } from "./walks/ban/feed-limiter.js";
import type { Receipts } from "./walks/ban/receipts.js";
import { ReReview } from "./walks/ban/re-review.js";
import type { EnforcementProbe } from "./walks/reconcile/probe.js";
import type { ReconcileRetries } from "./walks/reconcile/retries.js";
import { trialTerms } from "./walks/trial/trials.js";

export interface RecurringPorts {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly time: BanTime;
  readonly protection: Protection;
  readonly approvals: Approvals;
  readonly policies: Pick<PolicyStore, "held">;
  readonly limiter: FeedLimiter;
  readonly enforcement: ReconcileRetries;
  /** Undefined where nothing is dropped anyway, as is the next. */
  readonly probe: EnforcementProbe | undefined;
  readonly paths: UncoveredPaths | undefined;
  readonly events: AgentEvents;
  readonly allowedHere: Pick<AllowedHere, "follow">;
  readonly receipts: Pick<Receipts, "sayPolicy">;
  /** The feeds that this host follows now. */
  readonly followed: () => readonly FeedName[];
}

/** What recurs. */
export interface Recurring extends AsyncDisposable {
  /** Has the ledger looked through at once, rather than within a minute. */
  reviewAgain(): Promise<void>;
  /** Has all that the policy is about follow it: it is another. */
  followPolicy(): Promise<void>;
  /** Records that bans whose trial failed are to be in force. */
  confirm(range: Cidr | undefined): Promise<Confirmed>;
}

/** Where everything is left as it is. */
export const NO_RECURRING: Recurring = {
  reviewAgain: () => Promise.resolve(),
  followPolicy: () => Promise.resolve(),
  confirm: () => Promise.resolve({ confirmed: 0, held: new Map() }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Nothing recurs, but recorded bans are looked at whenever it is asked for. */
export function reviewWhenAsked(ports: RecurringPorts): Recurring {
  const reReview = startReReview(ports);
  const { allowedHere, protection, enforcement, receipts } = ports;
  return {
    reviewAgain: () => reReview.run(),
    followPolicy: async () => {
      await leaveFeeds(ports);
      await allowedHere.follow({
        facts: () => protection.facts,
        protect: () => protection.renew(),
        enforce: () => enforcement.enforce(),
      });
      await reReview.run();
      receipts.sayPolicy(); // it may have run out by itself
    },
    confirm: (range) => reReview.confirm(range),
    [Symbol.asyncDispose]: () => reReview[Symbol.asyncDispose](),
  };
}

/** What recurs, and what is heard of meanwhile, each for itself. */
export function startRecurring(ports: RecurringPorts): Recurring {
  const { protection, probe, paths, events } = ports;
  const lifetime = new Lifetime();
  const review = lifetime.own(reviewWhenAsked(ports));
  const every = (seconds: number, task: () => Promise<void>) =>
    lifetime.own(schedule({ everyMs: seconds * 1_000 }, task));
  void review.reviewAgain();
  every(60, () => review.followPolicy());
  every(60, () => protection.lookAround());
  if (probe !== undefined) every(60, () => probe.prove());
  const lookAtPaths = () => paths?.look() ?? Promise.resolve();
  void lookAtPaths();
  every(60, lookAtPaths);
  every(10, () => protection.refresh());
  const news = {
    addresses: () => void protection.refresh(),
    devices: () => void lookAtPaths(),
  };
  lifetime.own(followNetwork(news, events));
  return {
    reviewAgain: () => review.reviewAgain(),
    followPolicy: () => review.followPolicy(),
    confirm: (range) => review.confirm(range),
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** Feeds of groups that this host is not in any more take their bans along. */
async function leaveFeeds(ports: RecurringPorts): Promise<void> {
  const { ledger, followed, time, enforcement, events } = ports;
  try {
    const now = unixSeconds(time.clock.now());
    if (!ledger.followOnly([...followed(), "local"], now)) return;
    await enforcement.enforce();
  } catch (error) {
    events.maintenanceFailed(error);
  }
}

/** What recorded bans are looked at with, now and whenever it is asked for. */
const startReReview = ({
  config,
  ledger,
  time,
  protection,
  approvals,
  policies,
  limiter,
  enforcement,
  events,
}: RecurringPorts): ReReview =>
  new ReReview({
    ledger,
    approvals,
    policies,
    limiter,
    events,
    policy: config.guard,
    facts: () => protection.facts,
    trial: trialTerms(config),
    clock: time.clock,
    enforce: () => enforcement.enforce(),
  });

/** What can't be heard of is looked at all the same. */
function followNetwork(
  news: NetworkNews,
  events: AgentEvents,
): AsyncDisposable {
  const watch = AddressWatch.start(news, (why) =>
    events.addressesUnheard(why),
  ).catch((error: unknown) => {
    events.addressesUnheard(error);
    return undefined;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await (await watch)?.[Symbol.asyncDispose]();
    },
  };
}
