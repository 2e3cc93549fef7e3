/** An address range of either family, always canonical: host bits are zero. */
export interface Cidr {
  readonly family: Family;
  /** 4 or 16 bytes in network order. */
  readonly address: Uint8Array;
  /** Length of the prefix in bits: 0-32 or 0-128. */
  readonly prefix: number;
}

export type Family = 4 | 6;

/** Text that does not name an address range. */
export class InvalidCidr extends Error {
  override readonly name = "InvalidCidr";

  constructor(
    readonly value: string,
    readonly problem: string,
  ) {
    super(`"${excerpt(value)}" ${problem}`);
  }
}

/** Bits in an address of the family. */
export const bits = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/** Bytes in an address of the family. */
export const width = (family: Family): 4 | 16 => (family === 4 ? 4 : 16);

/**
 * Makes a range from its parts.
 * @throws InvalidCidr when the prefix does not fit or host bits are set
 */
export function cidrOf(address: Uint8Array, prefix: number): Cidr {
  const family = familyOfWidth(address.length);
  const cidr: Cidr = { family, address, prefix };
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits(family)) {
    throw new InvalidCidr(
      `${formatAddress(address)}/${prefix}`,
      `needs a prefix length from 0 to ${bits(family)}`,
    );
  }
  if (hasHostBits(cidr)) {
    throw new InvalidCidr(
      formatCidr(cidr),
      `has host bits set; did you mean ${formatCidr(masked(cidr))}?`,
    );
  }
  return cidr;
}

/**
 * Reads "192.0.2.0/24", "192.0.2.1", "2001:db8::/32" or "2001:db8::1".
 * @throws InvalidCidr when the text is no range, has host bits set, or is an
 * IPv4 address in IPv6 clothes
 */
export function parseCidr(text: string): Cidr {
  const { address, prefix } = split(text);
  const cidr = cidrOf(address, prefix);
  if (isMapped(cidr)) {
    throw new InvalidCidr(
      text,
      `is an IPv4-mapped IPv6 address; write ${formatCidr(unmapped(cidr))}`,
    );
  }
  return cidr;
}

/**
 * Reads what block lists hold: as `parseCidr`, but host bits are cleared and
 * IPv4-mapped addresses become IPv4.
 */
export function parseListedCidr(text: string): Cidr {
  const { address, prefix } = split(text);
  const cidr = masked({
    family: familyOfWidth(address.length),
    address,
    prefix,
  });
  return isMapped(cidr) ? unmapped(cidr) : cidr;
}

/** RFC 5952 text; the prefix length is left out for a single address. */
export function formatCidr(cidr: Cidr): string {
  const address = formatAddress(cidr.address);
  return cidr.prefix === bits(cidr.family)
    ? address
    : `${address}/${cidr.prefix}`;
}

/** RFC 5952 text of 4 or 16 bytes. */
export function formatAddress(address: Uint8Array): string {
  return address.length === 4 ? address.join(".") : formatIpv6(address);
}

/** Reports whether every address of `inner` lies in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    sharesPrefix(outer.address, inner.address, outer.prefix)
  );
}

/** Reports whether the two ranges have an address in common. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return covers(a, b) || covers(b, a);
}

/** Whether the range lies within ::ffff:0:0/96, where IPv4 hides in IPv6. */
export function isMapped(cidr: Cidr): boolean {
  return (
    cidr.family === 6 &&
    cidr.prefix >= 96 &&
    sharesPrefix(cidr.address, MAPPED, 96)
  );
}

/** Orders as the ledger and the snapshot do: by address bytes, then length. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  return compareBytes(a.address, b.address) || a.prefix - b.prefix;
}

/** Byte by byte; what begins the other comes first. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The range of this prefix length around another one, or itself. */
export const widened = (cidr: Cidr, prefix: number): Cidr =>
  masked({ ...cidr, prefix: Math.min(prefix, cidr.prefix) });

/** The last address of a range, as a range of its own. */
export function lastAddressOf({ family, address, prefix }: Cidr): Cidr {
  const mask = maskOf(family, prefix);
  return {
    family,
    address: address.map((byte, i) => byte | (0xff & ~(mask[i] ?? 0))),
    prefix: bits(family),
  };
}

/** The network mask of a prefix length, as wide as an address. */
export function maskOf(family: Family, prefix: number): Uint8Array {
  const mask = new Uint8Array(width(family));
  mask.fill(0xff, 0, prefix >> 3);
  if (prefix & 7) mask[prefix >> 3] = 0xff & (0xff00 >> (prefix & 7));
  return mask;
}

const MAPPED = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);

/** 2001:0db8:0000:0000:0000:0000:255.255.255.255/128, and some slack. */
const LONGEST_TEXT = 64;

function split(text: string): { address: Uint8Array; prefix: number } {
  if (text.length > LONGEST_TEXT) throw new InvalidCidr(text, "is too long");
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) {
    throw new InvalidCidr(text, "is not an IP address or range");
  }
  const most = address.length * 8;
  const prefix =
    slash < 0 ? most : parseDecimal(text.slice(slash + 1), most, 3);
  if (prefix === undefined) {
    throw new InvalidCidr(text, `needs a prefix length from 0 to ${most}`);
  }
  return { address, prefix };
}

/** Reads one address: 4 or 16 bytes, or undefined for anything else. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const address = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    const byte = parseDecimal(part, 255, 3);
    if (byte === undefined) return undefined;
    address[index] = byte;
  }
  return address;
}

/** Plain decimals only: a leading zero means octal to some parsers. */
function parseDecimal(
  text: string,
  most: number,
  digits: number,
): number | undefined {
  if (text.length === 0 || text.length > digits || !/^\d+$/.test(text)) {
    return undefined;
  }
  if (text.length > 1 && text.startsWith("0")) return undefined;
  const value = Number(text);
  return value <= most ? value : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const last = halves.length - 1;
  const [head, tail] = halves.map((half, i) => parseGroups(half, i === last));
  if (head === undefined) return undefined;
  if (halves.length === 1) {
    return head.length === 16 ? Uint8Array.from(head) : undefined;
  }
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  const address = new Uint8Array(16);
  address.set(head);
  address.set(tail, 16 - tail.length);
  return address;
}

/** Only where the address ends may its last 32 bits be written as IPv4. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (group.includes(".") && atEnd && index === groups.length - 1) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

function formatIpv6(address: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0),
  );
  const gap = longestZeros(groups);
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(":");
  if (gap.length < 2) return hex(groups);
  const head = hex(groups.slice(0, gap.start));
  return `${head}::${hex(groups.slice(gap.start + gap.length))}`;
}

/** The first of the longest runs of zero groups (RFC 5952 §4.2). */
function longestZeros(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

function familyOfWidth(bytes: number): Family {
  if (bytes === 4) return 4;
  if (bytes === 16) return 6;
  throw new InvalidCidr(`${bytes} bytes`, "are not an IP address");
}

function hasHostBits(cidr: Cidr): boolean {
  const mask = maskOf(cidr.family, cidr.prefix);
  return cidr.address.some((byte, i) => (byte & ~(mask[i] ?? 0)) !== 0);
}

function masked(cidr: Cidr): Cidr {
  const mask = maskOf(cidr.family, cidr.prefix);
  return {
    ...cidr,
    address: cidr.address.map((byte, i) => byte & (mask[i] ?? 0)),
  };
}

function unmapped(cidr: Cidr): Cidr {
  return {
    family: 4,
    address: cidr.address.slice(12),
    prefix: cidr.prefix - 96,
  };
}

function sharesPrefix(a: Uint8Array, b: Uint8Array, prefix: number): boolean {
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = prefix & 7;
  if (rest === 0) return true;
  return ((a[whole] ?? 0) ^ (b[whole] ?? 0)) >> (8 - rest) === 0;
}

function excerpt(value: string): string {
  return value.length > LONGEST_TEXT
    ? `${value.slice(0, LONGEST_TEXT)}…`
    : value;
}
