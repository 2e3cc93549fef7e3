import { createHash } from "node:crypto";
import { formatCidr, type Cidr } from "../model/cidr.js";
import type { GuardPolicy, HostFacts } from "./facts.js";
import { ruleNames } from "./guard.js";

/**
 * A number that is another one whenever the guard might judge otherwise; never
 * 0. The cloud's addresses do not count: names turn to others all day long, and
 * the kernel accepts them before any drop.
 */
export function guardDigest(
  { own, gateways }: HostFacts,
  { allow, floor }: GuardPolicy,
): number {
  const ranges = [own, gateways, allow].map(inOrder);
  const text = JSON.stringify([ruleNames, ranges, floor[4], floor[6]]);
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) + 1;
}

const inOrder = (cidrs: readonly Cidr[]) => cidrs.map(formatCidr).sort();
