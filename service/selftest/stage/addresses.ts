import type { Family } from "../../../agent/model/cidr.js";

/** Where everybody is, by family; addresses kept for examples and benchmarks. */
export interface Addresses {
  /** Whom the ban is for. */
  readonly client: string;
  /** What the client knows the host by. */
  readonly host: string;
  /** The host, as its container sees it. */
  readonly inside: string;
  /** Behind the host, which hands on to it what comes in for `PUBLISHED`. */
  readonly container: string;
  /** Length of the prefix of either network. */
  readonly prefix: number;
}

export const ADDRESSES: Readonly<Record<Family, Addresses>> = {
  4: {
    client: "203.0.113.66",
    host: "203.0.113.1",
    inside: "198.18.1.1",
    container: "198.18.1.2",
    prefix: 24,
  },
  6: {
    client: "2001:db8:a::66",
    host: "2001:db8:a::1",
    inside: "2001:db8:c::1",
    container: "2001:db8:c::2",
    prefix: 64,
  },
};

/** Of the host and of the client: what many guard, and what few do. */
export const TCP_PORTS = [22, 443] as const;
export const UDP_PORT = 53;
/** The host's port that leads to the container's. */
export const PUBLISHED = 8080;
export const CONTAINER_PORT = 80;
