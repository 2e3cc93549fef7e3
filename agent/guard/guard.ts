import type { Op } from "../model/ban.js";
import { isMapped, overlaps, parseCidr, type Cidr } from "../model/cidr.js";
import type { ReviewedOp } from "../model/reviewed.js";
import type { GuardPolicy, HostFacts } from "./facts.js";
import { shipped, type Tier } from "./tiers.js";

/** A rule names itself when it holds a ban; the first to do so decides. */
type Rule = (
  cidr: Cidr,
  facts: HostFacts,
  policy: GuardPolicy,
) => RuleName | undefined;

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
  "private-range",
  "public-resolver",
  "cdn-edge",
  "tenant-cloud",
  "ipv4-in-ipv6",
  "too-wide",
] as const;
export type RuleName = (typeof ruleNames)[number];

/**
 * Holds every ban that would cut the host off from itself, from what it needs,
 * from who administers it, or from what too many share. A valid signature is no permission. Lifts always pass.
 */
export function review(
  ops: readonly Op[],
  facts: HostFacts,
  policy: GuardPolicy,
): readonly ReviewedOp[] {
  return ops.map((op) => {
    if (op.op === "lift") return op;
    const held = holdingRule(op.cidr, facts, policy);
    return held === undefined ? op : { ...op, held };
  });
}

/** The first rule that a ban on this range would break. */
export function holdingRule(
  cidr: Cidr,
  facts: HostFacts,
  policy: GuardPolicy,
): RuleName | undefined {
  for (const rule of rules) {
    const held = rule(cidr, facts, policy);
    if (held !== undefined) return held;
  }
  return undefined;
}

/** Addresses that win over every ban in the kernel too, should a rule here fail. */
export function protectedRanges(
  facts: HostFacts,
  policy: GuardPolicy,
): readonly Cidr[] {
  return [
    ...facts.own,
    ...facts.gateways,
    ...facts.resolvers,
    ...facts.dhcpServers,
    ...facts.sessions,
    ...facts.cloud,
    ...policy.allow,
    ...privateRanges(policy),
    ...tierOf("publicResolvers", policy),
    ...tierOf("cdnEdges", policy),
    ...tierOf("tenantClouds", policy),
    ...LOOPBACK,
    ...LINK_LOCAL,
    ...MULTICAST,
  ];
}

const neverThisHost: Rule = (cidr, { own }) => touches(cidr, own, "this-host");

const neverLoopback: Rule = (cidr) => touches(cidr, LOOPBACK, "loopback");

const neverLinkLocal: Rule = (cidr) => touches(cidr, LINK_LOCAL, "link-local");

const neverMulticast: Rule = (cidr) => touches(cidr, MULTICAST, "multicast");

const neverTheGateway: Rule = (cidr, { gateways }) =>
  touches(cidr, gateways, "default-gateway");

const neverAResolver: Rule = (cidr, { resolvers }) =>
  touches(cidr, resolvers, "dns-resolver");

const neverADhcpServer: Rule = (cidr, { dhcpServers }) =>
  touches(cidr, dhcpServers, "dhcp-server");

const neverALiveSession: Rule = (cidr, { sessions }) =>
  touches(cidr, sessions, "live-session");

const neverTheCloud: Rule = (cidr, { cloud }) =>
  touches(cidr, cloud, "the-cloud");

const neverWhatIsAllowed: Rule = (cidr, _facts, { allow }) =>
  touches(cidr, allow, "allowed-here");

const neverAPrivateRange: Rule = (cidr, _facts, policy) =>
  touches(cidr, privateRanges(policy), "private-range");

const neverAPublicResolver: Rule = (cidr, _facts, policy) =>
  touches(cidr, tierOf("publicResolvers", policy), "public-resolver");

const neverACdnEdge: Rule = (cidr, _facts, policy) =>
  touches(cidr, tierOf("cdnEdges", policy), "cdn-edge");

const neverATenantCloud: Rule = (cidr, _facts, policy) =>
  touches(cidr, tierOf("tenantClouds", policy), "tenant-cloud");

/** Such a packet is IPv4 on the wire: the ban would look right and drop nothing. */
const neverMapped: Rule = (cidr) =>
  isMapped(cidr) ? "ipv4-in-ipv6" : undefined;

const neverTooWide: Rule = (cidr, _facts, { floor }) =>
  cidr.prefix < floor[cidr.family] ? "too-wide" : undefined;

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
  neverAPrivateRange,
  neverAPublicResolver,
  neverACdnEdge,
  neverATenantCloud,
  neverMapped,
  neverTooWide,
];

/** The unspecified addresses mean "this host" to it (RFC 1122 §3.2.1.3). */
const LOOPBACK = ["127.0.0.0/8", "0.0.0.0/32", "::1", "::"].map(parseCidr);

const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"].map(parseCidr);

/** Broadcast included: it is how a host finds its DHCP server. */
const MULTICAST = ["224.0.0.0/4", "255.255.255.255", "ff00::/8"].map(parseCidr);

/** RFC 1918, RFC 6598 (behind a provider's NAT) and RFC 4193. */
const PRIVATE = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ...["100.64.0.0/10", "fc00::/7"],
].map(parseCidr);

const NONE: readonly Cidr[] = [];

const privateRanges = (policy: GuardPolicy): readonly Cidr[] =>
  policy.private === "protect" ? PRIVATE : NONE;

const tierOf = (tier: Tier, { tiers }: GuardPolicy): readonly Cidr[] =>
  tiers[tier] ? shipped[tier] : NONE;

function touches(
  cidr: Cidr,
  ranges: readonly Cidr[],
  name: RuleName,
): RuleName | undefined {
  return ranges.some((range) => overlaps(cidr, range)) ? name : undefined;
}
