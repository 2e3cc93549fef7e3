import { width, type Cidr, type Family } from "../../../model/cidr.js";
import type { SetSpec } from "../../../netlink/nftables/messages.js";
import { FAMILIES, addressKey, type Generation, type Share } from "./layout.js";

/**
 * Prefix lengths that one look answers for: where a packet's address lies in no
 * area of the band, no ban of these lengths matches. Bans are noted as areas of
 * one length: a longer ban as the area that it lies in, a shorter one as all
 * the areas that lie in it. An area stays until the next rebuild, which costs a
 * look-up and nothing else.
 */
export interface Band {
  readonly family: Family;
  readonly shortest: number;
  readonly longest: number;
  /** Prefix length of the areas. */
  readonly area: number;
  /** Bands to look at once an area is found. */
  readonly within: readonly Band[];
}

/**
 * What was measured to be cheapest for lists of many kinds. A first look spares
 * most packets all others; a second tells areas with ranges from those with
 * single addresses alone. In areas as long as the longest ban of their band, a
 * packet that nobody banned is never found: all its lengths cost one look. Bans
 * shorter than the first band's would be noted as too many areas; they are
 * looked up always.
 */
export const BANDS: Readonly<Record<Family, Band>> = {
  4: band(
    4,
    [6, 32, 16],
    [
      band(
        4,
        [6, 31, 16],
        [
          band(4, [6, 16, 16]),
          band(4, [17, 20, 20]),
          band(4, [21, 22, 22]),
          band(4, [23, 24, 24]),
          band(4, [25, 31, 24]),
        ],
      ),
    ],
  ),
  6: band(
    6,
    [13, 128, 24],
    [
      band(
        6,
        [13, 127, 24],
        [
          band(6, [13, 24, 24]),
          band(6, [25, 28, 28]),
          band(6, [29, 30, 30]),
          band(6, [31, 32, 32]),
          band(
            6,
            [33, 127, 32],
            [
              band(6, [33, 36, 36]),
              band(6, [37, 40, 40]),
              band(6, [41, 44, 44]),
              band(6, [45, 48, 48]),
              band(6, [49, 127, 48]),
            ],
          ),
        ],
      ),
    ],
  ),
};

/** Every band of a family, the first look's first. */
export const allBands = (family: Family): readonly Band[] => EVERY_BAND[family];

export const isInBand = (
  { shortest, longest }: Band,
  prefix: number,
): boolean => shortest <= prefix && prefix <= longest;

/** The bands in which bans of this share are noted. */
export function bandsOf({ kind, family, prefix }: Share): readonly Band[] {
  if (kind !== "ban") return [];
  return EVERY_BAND[family].filter((each) => isInBand(each, prefix));
}

/** "6to31": what a band's set and chains are named after. */
export const bandName = ({ shortest, longest }: Band): string =>
  `${shortest}to${longest}`;

/** Holds the areas of a band. */
// nft: set area4_23to24_a { type ipv4_addr; }
export function areaSet(band: Band, generation: Generation): SetSpec {
  const { family } = band;
  return {
    name: `area${family}_${bandName(band)}_${generation}`,
    ...addressKey(family),
    flags: 0,
    ...(band === BANDS[4] ? { size: ALL_OF_16 } : {}),
  };
}

/** The area sets of all bands. */
export const areaSets = (generation: Generation): readonly SetSpec[] =>
  FAMILIES.flatMap((family) =>
    EVERY_BAND[family].map((each) => areaSet(each, generation)),
  );

/** The areas of a band that a range is noted as. */
export function areasOf(
  { family, area }: Band,
  { address, prefix }: Cidr,
): readonly Uint8Array[] {
  const first = networkOf(family, address, area);
  if (prefix >= area) return [first];
  const count = 2 ** (area - prefix);
  return Array.from({ length: count }, (_, i) => plus(first, area, i));
}

/** Copied and not masked byte by byte: most bans go through here, without a JIT. */
function networkOf(family: Family, address: Uint8Array, prefix: number) {
  const network = new Uint8Array(width(family));
  const whole = prefix >> 3;
  network.set(address.subarray(0, whole));
  const rest = 0xff & (0xff00 >> (prefix & 7));
  if (rest > 0) network[whole] = (address[whole] ?? 0) & rest;
  return network;
}

/** The network that lies so many networks of that length further on. */
function plus(network: Uint8Array, prefix: number, count: number): Uint8Array {
  const sum = Uint8Array.from(network);
  let carry = count << (-prefix & 7);
  for (let at = ((prefix + 7) >> 3) - 1; carry > 0 && at >= 0; at--) {
    carry += sum[at] ?? 0;
    sum[at] = carry & 255;
    carry >>= 8;
  }
  return sum;
}

function band(
  family: Family,
  [shortest, longest, area]: readonly [number, number, number],
  within: readonly Band[] = [],
): Band {
  return { family, shortest, longest, area, within };
}

function flattened(outer: Band): readonly Band[] {
  return [outer, ...outer.within.flatMap(flattened)];
}

const EVERY_BAND: Readonly<Record<Family, readonly Band[]>> = {
  4: flattened(BANDS[4]),
  6: flattened(BANDS[6]),
};

/**
 * A set of known size gets a hash table that never grows, which is cheaper to
 * look at. All of the 65,536 areas fit, and more would take no less memory.
 */
const ALL_OF_16 = 98_304;
