import { HELD_BY_POLICY } from "../../guard/guard.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import { formatCidr, type Cidr } from "../../model/cidr.js";
import type { FeedName } from "../../model/position.js";

/** The bans of feeds that the customer's policy holds, as one look at it found them. */
export interface PolicyHolds {
  /** The rule that holds a feed's ban on exactly this range, if the policy does. */
  ruleOf(feed: FeedName, cidr: Cidr): string | undefined;
  /** Another text whenever it holds others. */
  readonly digest: string;
}

/** No ban of the host's own is ever of a feed that a policy names. */
export function policyHolds(policies: Pick<PolicyStore, "held">): PolicyHolds {
  const held = new Set(
    policies.held().map(({ feed, cidr }) => nameOf(feed, cidr)),
  );
  const ruleOf = (feed: FeedName, cidr: Cidr) =>
    held.size > 0 && held.has(nameOf(feed, cidr)) ? HELD_BY_POLICY : undefined;
  return { ruleOf, digest: [...held].sort().join() };
}

const nameOf = (feed: FeedName, cidr: Cidr): string =>
  `${feed} ${formatCidr(cidr)}`;
