import {
  bits,
  formatCidr,
  maskOf,
  overlaps,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import {
  embeddedIn,
  isAround,
  LOCAL_USE,
  WELL_KNOWN,
} from "../../agent/model/translators.js";

/** An address or range of the other side, as agents name it; undefined for none. */
export function readRemote(text: string): Cidr | undefined {
  try {
    return parseListedCidr(text);
  } catch {
    return undefined;
  }
}

/**
 * What counts as one attacker: an IPv4 address, or the /64 that a host of IPv6
 * draws its addresses from. Undefined for whatever is wider, and for addresses of
 * translators, of which all of IPv4 may be in a /64; that of the prefix which
 * all of them know stands for the IPv4 address in it. Agents tell that one
 * themselves where their hosts are behind others.
 */
export function attackerOf(remote: Cidr): Cidr | undefined {
  const known = embeddedIn(remote, [WELL_KNOWN]) ?? remote;
  if (known.family === 4) return known.prefix === 32 ? known : undefined;
  if (remote.prefix < ATTACKER_PREFIX) return undefined;
  if (isAround(remote, [WELL_KNOWN]) || overlaps(remote, LOCAL_USE)) {
    return undefined;
  }
  const mask = maskOf(6, ATTACKER_PREFIX);
  const address = remote.address.map((byte, i) => byte & (mask[i] ?? 0));
  return { family: 6, address, prefix: ATTACKER_PREFIX };
}

/** Text of an attacker, and what detections of it are found by. */
export const attackerKey = formatCidr;

/** First and last address of a range, to look for all within it. */
export function boundsOf({ family, address, prefix }: Cidr): {
  readonly family: number;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
} {
  const mask = maskOf(family, prefix);
  const high = address.map((byte, i) => byte | (0xff & ~(mask[i] ?? 0)));
  return {
    family,
    low: address,
    high: prefix === bits(family) ? address : high,
  };
}

const ATTACKER_PREFIX = 64;
