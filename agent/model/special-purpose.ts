import { parseCidr } from "./cidr.js";

/*
 * Ranges of the IANA special-purpose address registries (RFC 6890) that are no
 * single host on the internet, by what they are for.
 */

/** The unspecified addresses mean "this host" to it (RFC 1122 §3.2.1.3). */
export const LOOPBACK = ["127.0.0.0/8", "0.0.0.0/32", "::1", "::"].map(
  parseCidr,
);

export const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"].map(parseCidr);

/** Broadcast included: it is how a host finds its DHCP server. */
export const MULTICAST = ["224.0.0.0/4", "255.255.255.255", "ff00::/8"].map(
  parseCidr,
);

/** RFC 1918, RFC 6598 (behind a provider's NAT) and RFC 4193. */
export const PRIVATE = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ...["100.64.0.0/10", "fc00::/7"],
].map(parseCidr);

/** Protocols' own ranges, benchmarks, 6to4's relays, and class E. */
export const RESERVED_IPV4 = [
  ...["0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24"],
  ...["198.18.0.0/15", "240.0.0.0/4"],
].map(parseCidr);

/** Teredo and 6to4: one prefix may be an IPv4 address that many share. */
export const TUNNELS = ["2001::/32", "2002::/16"].map(parseCidr);

/** All of IPv6 that is given to hosts (RFC 4291 §2.4). */
export const GLOBAL_UNICAST = parseCidr("2000::/3");
