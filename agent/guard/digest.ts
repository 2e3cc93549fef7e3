import { createHash } from "node:crypto";
import { formatCidr, type Cidr } from "../model/cidr.js";
import type { GuardPolicy, HostFacts } from "./facts.js";
import { ruleNames } from "./guard.js";
import { shipped, tierNames } from "./tiers.js";

/**
 * A number that is another one whenever the guard might judge otherwise; never
 * 0. The cloud's addresses do not count: names turn to others all day long, and
 * the kernel accepts them before any drop.
 */
export function guardDigest(
  facts: HostFacts,
  policy: GuardPolicy,
  approved: string,
): number {
  const { own, gateways, resolvers, dhcpServers, sessions, released } = facts;
  const { allowed } = facts;
  const { allow, floor, unapproved, tiers, translators } = policy;
  const known = [
    ...[own, gateways, resolvers, dhcpServers],
    ...[sessions, allow, released, translators, allowed.all],
  ];
  const switchedOn = tierNames.map((name) =>
    tiers[name] ? shipped[name] : [],
  );
  const ranges = [...known, ...switchedOn].map(inOrder);
  const settled = [
    ruleNames,
    floor[4],
    floor[6],
    unapproved[4],
    unapproved[6],
    approved,
    policy.private,
    policy.around,
  ];
  const text = JSON.stringify([ranges, settled]);
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) + 1;
}

const inOrder = (cidrs: readonly Cidr[]) => cidrs.map(formatCidr).sort();
