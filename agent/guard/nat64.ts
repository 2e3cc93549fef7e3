import { covers, overlaps, parseCidr, type Cidr } from "../model/cidr.js";

/**
 * The well-known prefix by which hosts without IPv4 reach all of it (RFC 6052
 * §2.1): the last four bytes are the IPv4 address.
 */
const NAT64 = parseCidr("64:ff9b::/96");

/** The IPv4 range that hosts behind a NAT64 reach by an IPv6 range. */
export const behindNat64 = (cidr: Cidr): Cidr | undefined =>
  covers(NAT64, cidr)
    ? { family: 4, address: cidr.address.slice(12), prefix: cidr.prefix - 96 }
    : undefined;

/** Whether the range holds more than is IPv4, so that all of IPv4 is in it. */
export const isAroundNat64 = (cidr: Cidr): boolean =>
  cidr.prefix < NAT64.prefix && overlaps(cidr, NAT64);

/** By what hosts behind a NAT64 reach a range, should it be of IPv4. */
export function throughNat64({ family, address, prefix }: Cidr): Cidr[] {
  if (family === 6) return [];
  const bytes = Uint8Array.of(...NAT64.address.subarray(0, 12), ...address);
  return [{ family: 6, address: bytes, prefix: prefix + NAT64.prefix }];
}
