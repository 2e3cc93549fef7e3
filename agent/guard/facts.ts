import type { Cidr, Family } from "../model/cidr.js";

/** What the guard must know of this host. */
export interface HostFacts {
  /** Every address of every interface, as single addresses. */
  readonly own: readonly Cidr[];
  readonly gateways: readonly Cidr[];
  /** Every address that the cloud's name resolves to, and the one in use. */
  readonly cloud: readonly Cidr[];
}

/** What the customer and the vendor settled for this host. */
export interface GuardPolicy {
  /** Ranges that the customer never wants banned. */
  readonly allow: readonly Cidr[];
  /** Shortest prefix length that a ban may have, by family. */
  readonly floor: Readonly<Record<Family, number>>;
}
