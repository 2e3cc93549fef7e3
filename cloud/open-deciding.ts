import type { FeedName } from "../agent/model/position.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import type { Calls } from "./audit/calls.js";
import { openContest } from "./contest/open-contest.js";
import type { ContestSettings } from "./contest/settings.js";
import { BanOrders } from "./decide/ban-orders.js";
import { Deeds } from "./decide/deeds.js";
import { foreseenRule } from "./decide/foresight.js";
import { ImportOrders } from "./decide/import-orders.js";
import { LiftOrders } from "./decide/lift-orders.js";
import type { Foresight, OrderPorts } from "./decide/order-ports.js";
import { Rollout, type RolloutSettings } from "./decide/rollout.js";
import { Vouching } from "./decide/vouching.js";
import type { StoodBans } from "./decide/stood.js";
import { UndoOrders } from "./decide/undo-orders.js";
import { Capacity } from "./feeds/capacity.js";
import { orgOf } from "./feeds/audience.js";
import { Feeds } from "./feeds/feeds.js";
import { Impact } from "./impact/impact.js";
import { Staff } from "./operators/staff.js";
import { Enrolment } from "./registry/enrolment.js";
import type { Signing } from "./roots/signing.js";
import { isIssuerOf, type LoginSettings } from "./sign-in/login-settings.js";
import type { Store } from "./store.js";
import { openTwoPersons } from "./two-persons/open-two-persons.js";
import { policyChange } from "./two-persons/policy-change.js";
import type { TwoPersonsSettings } from "./two-persons/settings.js";

interface DecidingConfig {
  /** What agents know the cloud by. */
  readonly name: string;
  readonly signing: Signing;
  readonly dir: string;
  readonly twoPersons: TwoPersonsSettings;
  readonly rollout: RolloutSettings;
  readonly login: LoginSettings;
  readonly contest: ContestSettings;
}

/** What decides, and what people order by. */
export type Deciding = ReturnType<typeof openDeciding>;

/** What changes the world: enrolments and decisions. */
export function openDeciding(
  config: DecidingConfig,
  { clock, calls }: { readonly clock: Clock; readonly calls: Calls },
  store: Store,
  opened: Lifetime,
) {
  const { signing, name: cloudName } = config;
  const { decisions, observations, registry, index, state } = store;
  const capacity = new Capacity({
    standing: (feed) => index.standing(feed),
    counts: () => state.counts(),
  });
  const feeds = new Feeds({
    ...{ decisions, index, clock, capacity, sign: signing.sign },
    seen: () => observations.level,
  });
  const stood = (before: StoodBans) =>
    calls.before(before.bans.length === 0 ? null : before);
  const ordering = orderingOf({ feeds, clock, stood }, config.rollout, store);
  const orders = {
    bans: new BanOrders(ordering),
    lifts: new LiftOrders(ordering),
    imports: new ImportOrders(ordering),
    undos: new UndoOrders({ ...store, feeds, clock, stood, capacity }),
    impact: new Impact({ clock }),
  };
  const foresee = (feed: FeedName) => ordering.foresee(feed);
  const asked = { ...store, ...orders, clock, foresee };
  const two = openTwoPersons(config, asked, opened);
  two.changes.set("policy", policyChange(store.policies));
  const vouching = new Vouching({ decisions, registry, clock });
  two.changes.set("vouch", vouching);
  return {
    ...{ ...orders, ...two, vouching },
    ...openContest({
      ...{ ...store, ...orders, ...two, clock },
      settings: config.contest,
      look: () => store.present.look(),
    }),
    deeds: new Deeds(feeds, clock),
    staff: new Staff({
      ...{ decisions, clock, operators: store.operators },
      canSignInAt: (issuer) => isIssuerOf(config.login, issuer),
      hasOrg: (org) => registry.org(org) !== undefined,
      hasFeed: (feed) => index.standing(feed) !== undefined,
    }),
    enrolment: new Enrolment({ ...store, clock, cloudName, signing }),
  };
}

/** What the orders of people are judged by. */
const orderingOf = (
  ports: Pick<OrderPorts, "feeds" | "clock" | "stood">,
  settings: RolloutSettings,
  { state, present, approvals, decisionLog, registry }: Store,
): OrderPorts => ({
  ...ports,
  look: (asked) => present.look(asked),
  brought: (...asked) => state.brought(...asked),
  rollout: new Rollout(settings, {
    clock: ports.clock,
    readsRings: (feed) => registry.readersOfV1Only(orgOf(feed)).length === 0,
  }),
  isOfList: (id) => decisionLog.decision(id)?.action === "import",
  foresee: (feed): Foresight => {
    const allowed = approvals.standing(feed);
    return (cidr, lasts) => foreseenRule(cidr, lasts, allowed);
  },
});
