/** Which IANA keeps from being given to any: it stands for all that are rare. */
export const OTHER_PROTOCOL = 255;

/**
 * The protocols that hits are told apart by; all others share one count. Who
 * forges packets may choose among 256, and is to have no more
 * than a few counts of his own.
 */
export const COUNTED_PROTOCOLS = [1, 6, 17, 58] as const;

/** The protocol that packets of this one are counted as. */
export const countedAs = (protocol: number): number =>
  COUNTED_PROTOCOLS.find((each) => each === protocol) ?? OTHER_PROTOCOL;

/** What people call an IP protocol: "tcp" for 6, "89" for what has no name here. */
export const protocolName = (protocol: number): string =>
  NAMES.get(protocol) ?? String(protocol);

/** As `/etc/protocols` has them, but for the last. */
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
  [OTHER_PROTOCOL, "other"],
]);
