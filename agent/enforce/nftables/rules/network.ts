import { bits, maskOf, width } from "../../../model/cidr.js";
import {
  HEADER,
  META,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
} from "../../../netlink/nftables/constants.js";
import {
  and,
  equals,
  meta,
  payload,
  type Expression,
} from "../../../netlink/nftables/expressions.js";
import type { Side } from "../sets/layout.js";

/** Loads the network of a packet's remote address. */
// nft: ip saddr & 255.255.255.0
export function network(side: Side, prefix: number): Expression[] {
  const { family, direction } = side;
  const offset = ADDRESS_OFFSET[family][direction];
  const length = width(family);
  const mask = prefix < bits(family) ? [and(maskOf(family, prefix))] : [];
  const address = payload({ base: HEADER.NETWORK, offset, length });
  return [...ofFamily(side), address, ...mask];
}

/**
 * `nft` wants this before it takes bytes of the header for an address, and then
 * prints `ip saddr` without it.
 */
// nft: meta nfproto ipv4
function ofFamily({ family }: Side): Expression[] {
  const protocol = family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  return [meta(META.NFPROTO), equals(Uint8Array.of(protocol))];
}

/** Where in the header the source or the destination address lies. */
const ADDRESS_OFFSET = {
  4: { in: 12, out: 16 },
  6: { in: 8, out: 24 },
} as const;
