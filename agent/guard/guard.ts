import type { Ban, Op } from "../model/ban.js";
import { covers, isMapped, overlaps, type Cidr } from "../model/cidr.js";
import { NO_RANGES, without } from "../model/cidr-index.js";
import type { ReviewedBan, ReviewedOp } from "../model/reviewed.js";
import {
  LINK_LOCAL,
  LOOPBACK,
  MULTICAST,
  PRIVATE,
} from "../model/special-purpose.js";
import { hidesIpv4 } from "../model/translators.js";
import type { GuardPolicy, HostFacts } from "./facts.js";
import { SENTINELS, sentinelOf } from "./sanity.js";
import { shipped, type Tier } from "./tiers.js";
import { behindTranslator, throughTranslators } from "./translated.js";

/** A rule names itself when it holds a ban; the first to do so decides. */
type Rule = (
  cidr: Cidr,
  facts: HostFacts,
  policy: GuardPolicy,
  isApproved: IsApproved,
) => RuleName | undefined;

/** Whether the critical keys allow a ban on a range that is this wide. */
export type IsApproved = (cidr: Cidr) => boolean;

export const ruleNames = [
  "this-host",
  "loopback",
  "link-local",
  "multicast",
  "default-gateway",
  "dns-resolver",
  "dhcp-server",
  "live-session",
  "the-cloud",
  "allowed-here",
  "released-here",
  "allowed-by-policy",
  "private-range",
  "public-resolver",
  "cdn-edge",
  "tenant-cloud",
  "sentinel",
  "ipv4-in-ipv6",
  "too-wide",
  "needs-approval",
] as const;
export type RuleName = (typeof ruleNames)[number];

/**
 * Admission control: holds every ban that would cut the host off from itself, from
 * what it needs, from who administers it, or from what too many share. A valid
 * signature is no permission. Lifts always pass.
 */
export function review(
  ops: readonly Op[],
  facts: HostFacts,
  policy: GuardPolicy,
  isApproved: IsApproved = nothingIs,
): readonly ReviewedOp[] {
  return ops.map((op) =>
    op.op === "lift" ? op : reviewBan(op, facts, policy, isApproved),
  );
}

/** The same of one ban: held by the first rule that it would break, if any. */
export function reviewBan<B extends Ban>(
  ban: B,
  facts: HostFacts,
  policy: GuardPolicy,
  isApproved: IsApproved = nothingIs,
): B & ReviewedBan {
  const held = holdingRule(ban.cidr, facts, policy, isApproved);
  return held === undefined ? ban : { ...ban, held };
}

/** The first rule that a ban on this range would break. */
export function holdingRule(
  cidr: Cidr,
  facts: HostFacts,
  policy: GuardPolicy,
  isApproved: IsApproved = nothingIs,
): RuleName | undefined {
  for (const rule of rules) {
    const held = rule(cidr, facts, policy, isApproved);
    if (held !== undefined) return held;
  }
  const inIpv4 = behindTranslator(cidr, policy);
  return inIpv4 && holdingRule(inIpv4, facts, policy, isApproved);
}

/** What a host decides by itself is its own: no policy holds that. */
export const ownBan = (facts: HostFacts): HostFacts => ({
  ...facts,
  allowed: NO_RANGES,
});

/** Whoever is not told of approvals has none. */
const nothingIs: IsApproved = () => false;

/** Addresses that win over every ban in the kernel too, should a rule here fail. */
export function protectedRanges(
  facts: HostFacts,
  policy: GuardPolicy,
): readonly Cidr[] {
  const needed = [
    ...facts.resolvers,
    ...facts.dhcpServers,
    ...facts.sessions,
    ...facts.cloud,
    ...policy.allow,
    ...facts.released,
  ];
  return [
    ...facts.own,
    ...facts.gateways,
    ...needed,
    ...needed.flatMap((each) => throughTranslators(each, policy)),
    ...facts.allowed.all.flatMap((range) => without(range, facts.ownBans)),
    ...privateRanges(policy),
    ...tierOf("publicResolvers", policy),
    ...tierOf("cdnEdges", policy),
    ...tierOf("tenantClouds", policy),
    ...SENTINELS,
    ...LOOPBACK,
    ...LINK_LOCAL,
    ...MULTICAST,
  ];
}

const neverThisHost: Rule = (cidr, { own }, policy) =>
  touches(cidr, own, "this-host", policy);

const neverLoopback: Rule = (cidr, _facts, policy) =>
  touches(cidr, LOOPBACK, "loopback", policy);

const neverLinkLocal: Rule = (cidr, _facts, policy) =>
  touches(cidr, LINK_LOCAL, "link-local", policy);

const neverMulticast: Rule = (cidr, _facts, policy) =>
  touches(cidr, MULTICAST, "multicast", policy);

const neverTheGateway: Rule = (cidr, { gateways }, policy) =>
  touches(cidr, gateways, "default-gateway", policy);

const neverAResolver: Rule = (cidr, { resolvers }, policy) =>
  touches(cidr, resolvers, "dns-resolver", policy);

const neverADhcpServer: Rule = (cidr, { dhcpServers }, policy) =>
  touches(cidr, dhcpServers, "dhcp-server", policy);

const neverALiveSession: Rule = (cidr, { sessions }, policy) =>
  touches(cidr, sessions, "live-session", policy);

const neverTheCloud: Rule = (cidr, { cloud }, policy) =>
  touches(cidr, cloud, "the-cloud", policy);

const neverWhatIsAllowed: Rule = (cidr, _facts, policy) =>
  touches(cidr, policy.allow, "allowed-here", policy);

const neverWhatIsReleased: Rule = (cidr, { released }, policy) =>
  touches(cidr, released, "released-here", policy);

/** What holds a ban for as long as the customer's policy allows the range. */
export const ALLOWED_BY_POLICY: RuleName = "allowed-by-policy";

/** What holds a feed's ban for as long as the customer's policy holds exactly that. */
export const HELD_BY_POLICY = "held-by-policy";

/** Whether a policy holds it, and it comes back by itself after. */
export const isOfPolicy = (held: string | undefined | null): boolean =>
  held === ALLOWED_BY_POLICY || held === HELD_BY_POLICY;

/** What is around such a range the kernel splits, whatever becomes of others. */
const neverWhatPolicyAllows: Rule = (cidr, { allowed }) =>
  allowed.covers(cidr) ? ALLOWED_BY_POLICY : undefined;

const neverAPrivateRange: Rule = (cidr, _facts, policy) =>
  touches(cidr, privateRanges(policy), "private-range", policy);

const neverAPublicResolver: Rule = (cidr, _facts, policy) =>
  touches(cidr, tierOf("publicResolvers", policy), "public-resolver", policy);

const neverACdnEdge: Rule = (cidr, _facts, policy) =>
  touches(cidr, tierOf("cdnEdges", policy), "cdn-edge", policy);

const neverATenantCloud: Rule = (cidr, _facts, policy) =>
  touches(cidr, tierOf("tenantClouds", policy), "tenant-cloud", policy);

const neverASentinel: Rule = (cidr) =>
  sentinelOf(cidr) === undefined ? undefined : "sentinel";

/**
 * A packet to a mapped address is IPv4 on the wire: the ban would look right and
 * drop nothing. All of a translator's prefix is all of IPv4.
 */
const neverMapped: Rule = (cidr, _facts, policy) =>
  isMapped(cidr) || hidesIpv4(cidr, policy.translators)
    ? "ipv4-in-ipv6"
    : undefined;

const neverTooWide: Rule = (cidr, _facts, { floor }) =>
  cidr.prefix < floor[cidr.family] ? "too-wide" : undefined;

/** The content keys alone do not ban what is this wide. */
const neverUnapproved: Rule = (cidr, _facts, { unapproved }, isApproved) =>
  cidr.prefix < unapproved[cidr.family] && !isApproved(cidr)
    ? "needs-approval"
    : undefined;

/** In the order they are tried. */
const rules: readonly Rule[] = [
  neverThisHost,
  neverLoopback,
  neverLinkLocal,
  neverMulticast,
  neverTheGateway,
  neverAResolver,
  neverADhcpServer,
  neverALiveSession,
  neverTheCloud,
  neverWhatIsAllowed,
  neverWhatIsReleased,
  neverWhatPolicyAllows,
  neverAPrivateRange,
  neverAPublicResolver,
  neverACdnEdge,
  neverATenantCloud,
  neverASentinel,
  neverMapped,
  neverTooWide,
  neverUnapproved,
];

const NONE: readonly Cidr[] = [];

const privateRanges = (policy: GuardPolicy): readonly Cidr[] =>
  policy.private === "protect" ? PRIVATE : NONE;

const tierOf = (tier: Tier, { tiers }: GuardPolicy): readonly Cidr[] =>
  tiers[tier] ? shipped[tier] : NONE;

/** A range around a protected one is held, or left to the kernel to split. */
function touches(
  cidr: Cidr,
  ranges: readonly Cidr[],
  name: RuleName,
  { around }: GuardPolicy,
): RuleName | undefined {
  const stops = (range: Cidr) =>
    around === "hold" ? overlaps(range, cidr) : covers(range, cidr);
  return ranges.some(stops) ? name : undefined;
}
