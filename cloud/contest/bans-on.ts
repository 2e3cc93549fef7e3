import { bits, formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { StandingBan } from "../feeds/snapshots/ban-lookup.js";
import type { Look } from "../feeds/snapshots/present.js";
import { attackerKey, attackerOf } from "../telemetry/remote.js";

/** What bans one host now. */
export interface BansOn {
  /** On the address alone or, of IPv6, on the network that one host has. */
  readonly own: readonly StandingBan[];
  /** On more than that: others would be let in as well. */
  readonly wider: readonly StandingBan[];
}

/** In all feeds. */
export function bansOn(look: Look, host: Cidr): BansOn {
  const all = look.feeds.flatMap((feed) => look.around(feed, host));
  const isOwn = ({ cidr }: StandingBan) => cidr.prefix >= OWN[host.family];
  return {
    own: all.filter((each) => isOwn(each)),
    wider: all.filter((each) => !isOwn(each)),
  };
}

/** What one host has, whichever of its addresses it names. */
export const networkOfHost = (host: Cidr): string =>
  attackerKey(attackerOf(host) ?? host);

/** "203.0.113.0/24 in reputation (dec-…)", of the first few. */
export const named = (bans: readonly StandingBan[]): string =>
  bans
    .slice(0, FEW)
    .map(
      ({ cidr, feed, decision }) =>
        `${formatCidr(cidr)} in ${feed} (${decision})`,
    )
    .join(", ");

/** A host of IPv6 draws its addresses from a /64. */
const OWN = { 4: bits(4), 6: 64 } as const;

const FEW = 3;
