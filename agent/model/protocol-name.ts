/** What people call an IP protocol: "tcp" for 6, "89" for what has no name here. */
export const protocolName = (protocol: number): string =>
  NAMES.get(protocol) ?? String(protocol);

/** As `/etc/protocols` has them. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [2, "igmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [41, "ipv6"],
  [47, "gre"],
  [50, "esp"],
  [51, "ah"],
  [58, "ipv6-icmp"],
  [132, "sctp"],
  [136, "udplite"],
]);
