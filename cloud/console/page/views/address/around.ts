import {
  formatCidr,
  InvalidCidr,
  parseListedCidr,
} from "../../../../../agent/model/cidr.js";

/** How wide the neighbourhood of an address is, by family: bits of its prefix. */
const AROUND = { 4: 24, 6: 64 } as const;

/**
 * What somebody wrote, as the cloud writes ranges.
 * @returns undefined for what is no range, or all there is
 */
export function rangeOf(text: string): string | undefined {
  try {
    const cidr = parseListedCidr(text.trim());
    return cidr.prefix === 0 ? undefined : formatCidr(cidr);
  } catch (error) {
    if (error instanceof InvalidCidr) return undefined;
    throw error;
  }
}

/**
 * The /24, or the /64 of IPv6, that a narrower range is in.
 * @returns undefined for a range that is as wide, or wider
 */
export function netAround(range: string): string | undefined {
  const { family, address, prefix } = parseListedCidr(range);
  const wide = AROUND[family];
  if (prefix <= wide) return undefined;
  const own = address.map((byte, nth) => (nth < wide / 8 ? byte : 0));
  return formatCidr({ family, address: own, prefix: wide });
}
