import {
  covers,
  isMapped,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import {
  LINK_LOCAL,
  LOOPBACK,
  MULTICAST,
  PRIVATE,
  RESERVED_IPV4,
  TUNNELS,
} from "../../agent/model/special-purpose.js";
import { embeddedIn, WELL_KNOWN } from "../../agent/model/translators.js";

/** What an address is judged by. */
export interface Rules {
  /** Ranges that the settings open. */
  readonly allow: readonly Cidr[];
  /** Addresses of this machine. */
  readonly own: readonly Cidr[];
}

/**
 * What an address is that may not be reached, such as "a private address";
 * undefined when it may. Each range that it lies in has to be opened by a range
 * of `allow` that is no wider: 0.0.0.0/0 opens nothing, and 169.254.0.0/16 not
 * the address within it that gives machines their credentials.
 */
export function refusedAs(given: Cidr, rules: Rules): string | undefined {
  if (isMapped(given)) return "an IPv4 address in IPv6 clothes";
  const address = embeddedIn(given, [WELL_KNOWN]) ?? given;
  const opens = rules.allow.filter((each) => covers(each, address));
  for (const [kind, ranges] of kindsFor(rules)) {
    const around = ranges.filter((range) => covers(range, address));
    const isShut = (range: Cidr) => !opens.some((each) => covers(range, each));
    if (around.some(isShut)) return kind;
  }
  return undefined;
}

type Kind = readonly [name: string, ranges: readonly Cidr[]];

/** The more telling kinds come first. */
const kindsFor = ({ own }: Rules): readonly Kind[] => [
  ["where clouds keep machines' credentials", METADATA],
  ["an address of this machine", own],
  ...KINDS,
];

/**
 * Where clouds answer machines about themselves, with credentials: Amazon,
 * Google, Microsoft and most others; containers and pods at Amazon; Alibaba;
 * Oracle; and Microsoft's host, which is on a public address.
 */
const METADATA = [
  ...["169.254.169.254", "169.254.170.2", "169.254.170.23"],
  ...["100.100.100.200", "192.0.0.192", "168.63.129.16"],
  ...["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"],
].map(parseCidr);

/** RFC 5737, RFC 3849 and RFC 9637: nobody is there. */
const DOCUMENTATION = [
  ...["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"],
  ...["2001:db8::/32", "3fff::/20"],
].map(parseCidr);

/** Protocols' own ranges (RFC 2928), and all that is no global unicast (RFC 4291 §2.4). */
const RESERVED_IPV6 = ["2001::/23", "::/3", "4000::/2", "8000::/1"].map(
  parseCidr,
);

const KINDS: readonly Kind[] = [
  ["an address of this machine", LOOPBACK],
  ["a link-local address", LINK_LOCAL],
  ["a multicast address", MULTICAST],
  ["a private address", PRIVATE],
  ["an IPv4 address in a tunnel", TUNNELS],
  ["an address of documents", DOCUMENTATION],
  ["a reserved address", [...RESERVED_IPV4, ...RESERVED_IPV6]],
];

/** Single addresses out of the texts of what has interfaces; zones are left out. */
export function ownAddresses(
  interfaces: NodeJS.Dict<readonly { readonly address: string }[]>,
): readonly Cidr[] {
  const texts = Object.values(interfaces).flatMap((each) => each ?? []);
  const all = texts.map(({ address }) => parseCidr(address.replace(/%.*/, "")));
  // A loopback's own address goes with its range.
  return all.filter((each) => !LOOPBACK.some((range) => covers(range, each)));
}
