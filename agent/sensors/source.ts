import {
  bits,
  formatCidr,
  InvalidCidr,
  maskOf,
  parseListedCidr,
  type Cidr,
} from "../model/cidr.js";
import {
  embeddedIn,
  isTranslated,
  WELL_KNOWN,
  type Translators,
} from "../model/translators.js";

/** Where failures come from. */
export interface Source {
  /** The address itself. */
  readonly address: Cidr;
  /**
   * What counts as one: an IPv4 address, or the /64 of an IPv6 address, unless a
   * translator has IPv4 in it: then each of its addresses is somebody else.
   */
  readonly range: Cidr;
  /** The range as text, which names it. */
  readonly name: string;
  /** Who it is to others: the IPv4 address behind a translator, or the address. */
  readonly origin: Cidr;
}

/**
 * Reads an address as sshd writes it: a zone is cut off, and IPv4 in IPv6
 * clothes is IPv4. Undefined for a host name: names are never resolved, since
 * whoever owns the address decides what its name is.
 */
export function readSource(
  text: string,
  translators: Translators = [],
): Source | undefined {
  if (text.length > LONGEST_ADDRESS || text.includes("/")) return undefined;
  const zone = text.indexOf("%");
  const address = parsed(zone < 0 ? text : text.slice(0, zone));
  if (address === undefined) return undefined;
  const isOne = address.family === 4 || isTranslated(address, translators);
  const range = isOne ? address : networkOf(address);
  const origin = embeddedIn(address, [WELL_KNOWN, ...translators]) ?? address;
  return { address, range, name: formatCidr(range), origin };
}

function parsed(text: string): Cidr | undefined {
  try {
    return parseListedCidr(text);
  } catch (error) {
    if (error instanceof InvalidCidr) return undefined;
    throw error;
  }
}

/** Whoever has an IPv6 address has all of its /64. */
function networkOf(cidr: Cidr): Cidr {
  const mask = maskOf(6, NETWORK_BITS);
  return {
    family: 6,
    address: cidr.address.map((byte, i) => byte & (mask[i] ?? 0)),
    prefix: NETWORK_BITS,
  };
}

export const isSingle = ({ family, prefix }: Cidr): boolean =>
  prefix === bits(family);

const NETWORK_BITS = 64;

/** An IPv6 address and the name of an interface. */
const LONGEST_ADDRESS = 64;
