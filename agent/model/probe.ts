import { formatCidr, parseCidr, type Cidr } from "./cidr.js";

/**
 * Addresses that documents use and nobody has (RFC 5737, RFC 3849): whatever is
 * sent there proves that packets to banned addresses are stopped.
 */
export const PROBE_ADDRESSES: readonly Cidr[] = [
  "192.0.2.254",
  "2001:db8::254",
].map(parseCidr);

/** UDP, to the port of the discard service. */
export const PROBE_PROTOCOL = 17;
export const PROBE_PORT = 9;

export const PROBE_REASON = "proof of enforcement";

/** Whether a count is of such packets, and so no news for anybody. */
export const isOfProbe = (packets: {
  readonly remote: Cidr;
  readonly direction: "in" | "out";
  readonly forwarded: boolean;
  readonly protocol: number;
  readonly port: number;
}): boolean =>
  packets.direction === "out" &&
  !packets.forwarded &&
  packets.protocol === PROBE_PROTOCOL &&
  packets.port === PROBE_PORT &&
  NAMES.has(formatCidr(packets.remote));

const NAMES: ReadonlySet<string> = new Set(PROBE_ADDRESSES.map(formatCidr));
