import type { Cidr, Family } from "../model/cidr.js";
import type { CidrIndex } from "../model/cidr-index.js";
import type { Translators } from "../model/translators.js";
import type { Tiers } from "./tiers.js";

/** What the guard must know of this host. */
export interface HostFacts {
  /** Every address of every interface, as single addresses. */
  readonly own: readonly Cidr[];
  readonly gateways: readonly Cidr[];
  /** Who resolves names for this host. */
  readonly resolvers: readonly Cidr[];
  /** Who leases this host its addresses. */
  readonly dhcpServers: readonly Cidr[];
  /** Who is logged in from afar to administer this host. */
  readonly sessions: readonly Cidr[];
  /** Where the cloud's name resolves to, and where it was last reached. */
  readonly cloud: readonly Cidr[];
  /** What this host's operator has released for now. */
  readonly released: readonly Cidr[];
  /**
   * Where the customer's policy wants no bans of feeds now; IPv4 also as this host's
   * translators show it.
   */
  readonly allowed: CidrIndex;
  /** What this host bans of its own there, which stays so. */
  readonly ownBans: readonly Cidr[];
}

/** What the customer and the vendor settled for this host. */
export interface GuardPolicy {
  /** Ranges that the customer never wants banned. */
  readonly allow: readonly Cidr[];
  /** Shortest prefix length that a ban may have, by family. */
  readonly floor: Readonly<Record<Family, number>>;
  /** Shortest prefix length that needs no approval, by family. */
  readonly unapproved: Readonly<Record<Family, number>>;
  /** Whether private ranges may be banned. */
  readonly private: "protect" | "allow-bans";
  readonly tiers: Tiers;
  /** Prefixes by which this host sees IPv4, beside 64:ff9b::/96. */
  readonly translators: Translators;
  /**
   * What becomes of a ban on a range around protected addresses: all of it is
   * held, or enforced while the kernel lets those addresses pass.
   */
  readonly around: "hold" | "split";
}
