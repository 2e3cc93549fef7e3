import type { Config } from "./config/config.js";
import type { AgentEvents } from "./events/events.js";
import { AddressWatch, type NetworkNews } from "./host/address-watch.js";
import type { UncoveredPaths } from "./host/paths.js";
import type { Approvals } from "./keyring/approval-store.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Confirmed } from "./ledger/unconfirmed.js";
import type { Cidr } from "./model/cidr.js";
import type { Protection } from "./protect/protection.js";
import { Lifetime } from "./runtime/lifetime.js";
import { schedule } from "./runtime/schedule.js";
import type { BanTime } from "./time/ban-time.js";
import type { FeedLimiter } from "./walks/ban/feed-limiter.js";
import { ReReview } from "./walks/ban/re-review.js";
import type { EnforcementProbe } from "./walks/reconcile/probe.js";
import type { ReconcileRetries } from "./walks/reconcile/retries.js";
import { trialTerms } from "./walks/trial/trials.js";

export interface RecurringPorts {
  readonly ledger: Ledger;
  readonly time: BanTime;
  readonly protection: Protection;
  readonly approvals: Approvals;
  readonly limiter: FeedLimiter;
  readonly enforcement: ReconcileRetries;
  /** Undefined where nothing is dropped anyway, as is the next. */
  readonly prover: EnforcementProbe | undefined;
  readonly paths: UncoveredPaths | undefined;
  readonly events: AgentEvents;
}

/** What recurs. */
export interface Recurring extends AsyncDisposable {
  /** Has the ledger looked through at once, rather than within a minute. */
  reviewAgain(): Promise<void>;
  /** Lets bans whose trial failed into force. */
  confirm(range: Cidr | undefined): Promise<Confirmed>;
}

/** Where everything is left as it is. */
export const NO_RECURRING: Recurring = {
  reviewAgain: () => Promise.resolve(),
  confirm: () => Promise.resolve({ confirmed: 0, held: new Map() }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** What recurs, and what is heard of meanwhile, each for itself. */
export function startRecurring(
  { config }: { readonly config: Config },
  rooms: RecurringPorts,
): Recurring {
  const { time, protection, enforcement, prover, paths, events } = rooms;
  const chores = new Lifetime();
  const maintenance = chores.own(
    new ReReview({
      ...rooms,
      policy: config.guard,
      facts: () => protection.facts,
      trial: trialTerms(config),
      clock: time.clock,
      enforce: () => enforcement.enforce(),
    }),
  );
  void maintenance.run();
  const everyMinute = (task: () => Promise<void>) =>
    chores.own(schedule({ everyMs: 60_000 }, task));
  everyMinute(() => maintenance.run());
  everyMinute(() => protection.lookAround());
  if (prover !== undefined) everyMinute(() => prover.prove());
  const lookAtPaths = () => paths?.look() ?? Promise.resolve();
  void lookAtPaths();
  everyMinute(lookAtPaths);
  chores.own(schedule({ everyMs: 10_000 }, () => protection.refresh()));
  const news = {
    addresses: () => void protection.refresh(),
    devices: () => void lookAtPaths(),
  };
  chores.own(followNetwork(news, events));
  return {
    reviewAgain: () => maintenance.run(),
    confirm: (range) => maintenance.confirm(range),
    [Symbol.asyncDispose]: () => chores[Symbol.asyncDispose](),
  };
}

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
