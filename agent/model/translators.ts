import {
  bits,
  covers,
  overlaps,
  parseCidr,
  type Cidr,
  type Family,
} from "./cidr.js";

/**
 * Prefixes by which translators show IPv4 to hosts that speak only IPv6
 * (RFC 6052 §2.2): NAT64 and SIIT.
 */
export type Translators = readonly Cidr[];

/** The prefix that any of them may use (RFC 6052 §2.1). */
export const WELL_KNOWN = parseCidr("64:ff9b::/96");

/** Prefixes within it are each network's own (RFC 8215): all IPv4 may be in a /64. */
export const LOCAL_USE = parseCidr("64:ff9b:1::/48");

/** The lengths that a prefix may have. */
export const TRANSLATOR_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** The IPv4 range that a range of a translator's stands for, should it be one. */
export function embeddedIn(
  cidr: Cidr,
  translators: Translators,
): Cidr | undefined {
  const translator = translators.find((each) => covers(each, cidr));
  if (translator === undefined) return undefined;
  const places = placesIn(translator);
  const bits = places.map((at) => clamp(cidr.prefix - at * 8));
  return {
    family: 4,
    address: Uint8Array.from(places.map((at) => cidr.address[at] ?? 0)),
    prefix: bits.reduce((sum, each) => sum + each, 0),
  };
}

/** By what hosts behind a translator reach a range of IPv4. */
export function through(translator: Cidr, { address, prefix }: Cidr): Cidr {
  const places = placesIn(translator);
  const bytes = Uint8Array.from(translator.address);
  for (const [i, at] of places.entries()) bytes[at] = address[i] ?? 0;
  const last = Math.ceil(prefix / 8) - 1;
  const end = (places[last] ?? 0) * 8 + prefix - last * 8;
  return {
    ...{ family: 6, address: bytes },
    prefix: prefix === 0 ? translator.prefix : end,
  };
}

/** Whether a range holds all that a translator shows, and so all of IPv4. */
export const isAround = (cidr: Cidr, translators: Translators): boolean =>
  translators.some((each) => cidr.prefix < each.prefix && overlaps(cidr, each));

/** Whether an address is one of IPv4's, though it may not be known of which. */
export const isTranslated = (cidr: Cidr, translators: Translators): boolean =>
  [WELL_KNOWN, LOCAL_USE, ...translators].some((each) => covers(each, cidr));

/**
 * Whether a range holds more than one translator's IPv4, so that all of it is in
 * there; or may, where nobody has said how its addresses are read.
 */
export function hidesIpv4(cidr: Cidr, translators: Translators): boolean {
  if (cidr.family === 4) return false;
  if (isAround(cidr, [WELL_KNOWN, ...translators])) return true;
  const isUnread =
    overlaps(cidr, LOCAL_USE) &&
    !translators.some((each) => covers(each, cidr));
  return isUnread && cidr.prefix < bits(6);
}

/** Whether a range has at least so long a prefix, and so has the IPv4 behind it. */
export function isAtMost(
  cidr: Cidr,
  shortest: Readonly<Record<Family, number>>,
  translators: Translators,
): boolean {
  if (cidr.prefix < shortest[cidr.family]) return false;
  if (cidr.family === 4) return true;
  const inIpv4 = embeddedIn(cidr, [WELL_KNOWN, ...translators]);
  if (inIpv4 !== undefined) return inIpv4.prefix >= shortest[4];
  return !hidesIpv4(cidr, translators);
}

/** The first range that has no place among these; in words. */
export function translatorProblem(
  translators: Translators,
): string | undefined {
  const all = [WELL_KNOWN, ...translators];
  for (const [i, each] of all.entries()) {
    if (each.family !== 6 || !TRANSLATOR_LENGTHS.includes(each.prefix)) {
      return `must be IPv6, of ${TRANSLATOR_LENGTHS.join(", ")} bits`;
    }
    if (all.slice(0, i).some((other) => overlaps(each, other))) {
      return "must not overlap each other, nor 64:ff9b::/96, which is known";
    }
  }
  return undefined;
}

/** Where the four bytes of an IPv4 address are: behind the prefix, bits 64 to 71 left out. */
function placesIn({ prefix }: Cidr): readonly number[] {
  const start = prefix / 8;
  return [0, 1, 2, 3].map((i) => {
    const at = start + i;
    return prefix < 96 && at >= RESERVED ? at + 1 : at;
  });
}

const RESERVED = 8;

const clamp = (bits: number): number => Math.min(8, Math.max(0, bits));
