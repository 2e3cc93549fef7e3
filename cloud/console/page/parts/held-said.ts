import type { RuleName } from "../../../../agent/guard/guard.js";

/** Of the guard, and of what else holds bans back on a host. */
type HeldRule =
  | RuleName
  | "held-by-policy"
  | "lives-too-long"
  | "covers-too-much"
  | "too-many-bans"
  | "grows-too-fast"
  | "too-many-at-once"
  | "not-confirmed"
  | "rolled-back"
  | "ring"
  | "others";

/** Why a host holds a ban back: one sentence for each rule that can. */
const SAID: Readonly<Record<HeldRule, string>> = {
  "this-host": "It is an address of the host itself.",
  loopback: "It is where a host speaks to itself.",
  "link-local": "Only neighbours on the same wire have such addresses.",
  multicast: "It is a multicast or broadcast range.",
  "default-gateway": "It is the host's way out to the network.",
  "dns-resolver": "The host asks it for names.",
  "dhcp-server": "The host has its own address from it.",
  "live-session": "Somebody administers the host from there.",
  "the-cloud": "The host hears of bans from there.",
  "allowed-here": "The host's own settings allow it.",
  "released-here": "The host's operator released it for a while.",
  "allowed-by-policy": "The customer's policy allows it.",
  "private-range": "It is a private range, which the host's settings protect.",
  "public-resolver": "Everybody may ask this resolver for names.",
  "cdn-edge": "Very many sites share it: it is an edge of a CDN.",
  "tenant-cloud": "Very many tenants share it: it is of a public cloud.",
  sentinel:
    "It is a root server of the DNS, or a resolver no list should hold.",
  "ipv4-in-ipv6": "It is IPv4 on the wire: the IPv4 range has to be banned.",
  "too-wide": "It is wider than any approval allows.",
  "needs-approval": "It is wide, and the critical keys have not approved it.",
  "held-by-policy": "The customer's policy holds just this back.",
  "lives-too-long": "It lasts longer than the host allows.",
  "covers-too-much": "The feed would ban too much of all addresses.",
  "too-many-bans": "The host has as many bans as it takes.",
  "grows-too-fast": "The feed grows faster than the host allows.",
  "too-many-at-once": "It brings more bans at once than the host allows.",
  "not-confirmed": "The host tried it, and was not seen to live on with it.",
  "rolled-back": "The host's operator went back to before it.",
  ring: "The host's ring has not had its turn yet.",
  others: "The host's receipt had no room to name the rule.",
};

/** @param rule as hosts report it; what is not known is told by its name */
export const heldSaid = (rule: string): string =>
  Object.hasOwn(SAID, rule)
    ? SAID[rule as HeldRule]
    : `The host's rule ${rule} holds it.`;
