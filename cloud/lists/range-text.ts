import {
  bits,
  InvalidCidr,
  parseAddress,
  parseListedCidr,
  type Cidr,
  type Family,
} from "../../agent/model/cidr.js";

/** The ranges that one entry of a list comes to. */
export interface ReadRanges {
  readonly cidrs: readonly Cidr[];
  /** Whether host bits were set, and are now cleared. */
  readonly masked: boolean;
}

/**
 * Reads an entry: an address, a CIDR, `a-b`, or an address with a netmask.
 * @returns what is wrong with it, in words that follow its text, where it is none
 */
export function readRanges(text: string): ReadRanges | string {
  const dash = text.indexOf("-");
  if (dash > 0) return between(text.slice(0, dash), text.slice(dash + 1), text);
  const slash = text.indexOf("/");
  const mask = slash < 0 ? "" : text.slice(slash + 1);
  if (mask.includes(".")) return withMask(text.slice(0, slash), mask, text);
  try {
    const cidr = parseListedCidr(text);
    if (cidr.prefix === 0) return EVERYTHING;
    return { cidrs: [cidr], masked: hasHostBits(text, cidr) };
  } catch (error) {
    if (!(error instanceof InvalidCidr)) throw error;
    return problemOf(text, error.problem);
  }
}

/** All from the first address to the last, both included. */
export function between(
  first: string,
  last: string,
  text: string,
): ReadRanges | string {
  const from = addressOf(first);
  const to = addressOf(last);
  if (from === undefined || to === undefined) {
    return problemOf(text, "is not an IP address or range");
  }
  if (from.length !== to.length) return "goes from one IP version to the other";
  const [start, end] = [valueOf(from), valueOf(to)];
  if (end < start) return "ends before it begins";
  const cidrs = split(start, end, from.length === 4 ? 4 : 6);
  if (cidrs[0]?.prefix === 0) return EVERYTHING;
  return { cidrs, masked: false };
}

/** An address with the mask of its network: "192.0.2.0", "255.255.255.0". */
export function withMask(
  address: string,
  mask: string,
  text: string,
): ReadRanges | string {
  const bytes = parseAddress(mask);
  const prefix = bytes === undefined ? undefined : prefixOf(bytes);
  if (bytes !== undefined && prefix === undefined) {
    return `has the mask ${mask}, whose ones do not all come first`;
  }
  if (prefix === undefined || parseAddress(address)?.length !== bytes?.length) {
    return problemOf(text, "is not an IP address or range");
  }
  return readRanges(`${address}/${prefix}`);
}

/** Whether the text is the mask of a network, such as "255.255.0.0". */
export function isNetmask(text: string): boolean {
  const bytes = parseAddress(text);
  return bytes?.length === 4 && prefixOf(bytes) !== undefined;
}

export const isAddress = (text: string): boolean =>
  addressOf(text) !== undefined;

/** What a text is that is no range, so that whoever reads it knows what to mend. */
export function problemOf(text: string, otherwise: string): string {
  if (text.length > LONGEST_ENTRY) return "is too long for a range";
  const word = text.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word)) return "is a URL, not an address";
  if (/^<[a-z!?/]/i.test(word)) return "is markup, not an address";
  const [, host = ""] = /^\[?([^\]]*)\]?:\d{1,5}$/.exec(word) ?? [];
  if (isAddress(host)) return "is an address with a port, not a range";
  if (/^[\d.]+(\/\d*)?$/.test(word)) return decimalProblem(word, otherwise);
  if (HOST_NAME.test(word)) return "is a host name, not an address";
  return otherwise;
}

const EVERYTHING = "would ban every address there is";

/** Two IPv6 addresses, or the longest host name. */
const LONGEST_ENTRY = 256;

const HOST_NAME = /^\*?\.?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z]{2,}\.?$/i;

function decimalProblem(word: string, otherwise: string): string {
  const octets = word.replace(/\/.*/, "").split(".");
  if (octets.length !== 4 || octets.includes("")) return otherwise;
  const large = octets.find((octet) => Number(octet) > 255);
  if (large !== undefined)
    return `has the number ${large}, and 255 is the most`;
  return octets.some((octet) => /^0\d/.test(octet))
    ? "has a leading zero, which some read as octal"
    : otherwise;
}

/** IPv4 that hides in IPv6 is IPv4. */
function addressOf(text: string): Uint8Array | undefined {
  const bytes = parseAddress(text.trim());
  if (bytes?.length !== 16) return bytes;
  const cidr = parseListedCidr(text.trim());
  return cidr.address;
}

/** The length of a mask; undefined where a one follows a zero. */
function prefixOf(mask: Uint8Array): number | undefined {
  const binary = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0"));
  const [, ones] = /^(1*)0*$/.exec(binary.join("")) ?? [];
  return ones?.length;
}

/** Only a range with a prefix length can have any. */
function hasHostBits(text: string, cidr: Cidr): boolean {
  if (!text.includes("/") || cidr.prefix === bits(cidr.family)) return false;
  const bare = parseListedCidr(text.slice(0, text.indexOf("/")));
  return Buffer.compare(bare.address, cidr.address) !== 0;
}

const valueOf = (address: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(address).toString("hex")}`);

/** The fewest CIDRs that are these addresses: 62 at most, 254 of IPv6. */
function split(start: bigint, end: bigint, family: Family): readonly Cidr[] {
  const cidrs: Cidr[] = [];
  const all = bits(family);
  let at = start;
  while (at <= end) {
    let free = 0;
    while (
      free < all &&
      (at >> BigInt(free)) % 2n === 0n &&
      at + (1n << BigInt(free + 1)) - 1n <= end
    ) {
      free += 1;
    }
    const hex = at.toString(16).padStart(all / 4, "0");
    const address = Uint8Array.from(Buffer.from(hex, "hex"));
    cidrs.push({ family, address, prefix: all - free });
    at += 1n << BigInt(free);
  }
  return cidrs;
}
