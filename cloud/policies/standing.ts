import { limits } from "../../agent/protocol/limits.js";
import type {
  GroupPolicy,
  OrgPolicy,
  PolicyHold,
} from "../journal/policy-events.js";
import { withHolds } from "./policy-file.js";

/** The newest policy of an org. Times are milliseconds since 1970. */
export interface StandingPolicy {
  readonly org: string;
  readonly version: number;
  readonly policy: OrgPolicy;
  /** As it was handed in. */
  readonly file: string;
  readonly publishedAt: number;
  readonly publishedBy: string;
  readonly expiresAt: number;
  /** Of when the newest allowance is that hosts were told; 0: of none. */
  readonly leastAllowedAt: number;
}

/** What is held by it still, the oldest first. */
export const holdsAt = (
  standing: Pick<StandingPolicy, "policy"> | undefined,
  now: number,
): readonly PolicyHold[] =>
  (standing?.policy.holds ?? []).filter(({ until }) => until > now);

/** What stays of a policy that is over: which feeds hosts follow. */
export const lasting = ({ groups }: OrgPolicy): OrgPolicy => ({
  allow: [],
  groups: groups.filter(hasFeed).map(({ name, tags, hostnames, feed }) => ({
    ...{ name, tags, hostnames, allow: [] },
    ...(feed && { feed }),
  })),
});

/** Whether its hosts follow a feed of their own. */
export const hasFeed = ({ feed }: GroupPolicy): boolean => feed !== undefined;

/** Nothing: who has an older one that lasts longer must not go on by it. */
export const afterwards = ({
  expiresAt,
  ...standing
}: StandingPolicy): StandingPolicy => ({
  ...standing,
  policy: withHolds(lasting(standing.policy), standing.policy.holds ?? []),
  publishedAt: expiresAt,
  expiresAt: expiresAt + limits.policyDays * 86_400_000,
});
