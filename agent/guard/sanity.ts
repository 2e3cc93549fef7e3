import { formatCidr, overlaps, parseCidr, type Cidr } from "../model/cidr.js";
import type { Limits } from "./limits.js";

/**
 * Addresses that no list holds unless something is wrong with whoever makes it:
 * the root servers of the DNS, and the best known resolvers. A snapshot that bans
 * one is not believed in anything.
 */
const SENTINELS: readonly Cidr[] = [
  // a to m.root-servers.net (IANA, root hints of 2024-05-28)
  ...["198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13"],
  ...["192.203.230.10", "192.5.5.241", "192.112.36.4", "198.97.190.53"],
  ...["192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42"],
  "202.12.27.33",
  ...["2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c"],
  ...["2001:500:2d::d", "2001:500:a8::e", "2001:500:2f::f"],
  ...["2001:500:12::d0d", "2001:500:1::53", "2001:7fe::53"],
  ...["2001:503:c27::2:30", "2001:7fd::1", "2001:500:9f::42"],
  "2001:dc3::35",
  ...["1.1.1.1", "8.8.8.8", "9.9.9.9"],
  ...["2606:4700:4700::1111", "2001:4860:4860::8888", "2620:fe::fe"],
].map(parseCidr);

/** The first range that touches a sentinel, in words; undefined when none does. */
export function sentinelIn(ranges: Iterable<Cidr>): string | undefined {
  for (const range of ranges) {
    const touched = near(range).find((each) => overlaps(range, each));
    if (touched === undefined) continue;
    return `${formatCidr(range)} holds ${formatCidr(touched)}, which no list does`;
  }
  return undefined;
}

/** Those that a range of a byte or more can touch: others begin otherwise. */
function near(range: Cidr): readonly Cidr[] {
  if (range.prefix < 8) return SENTINELS;
  return BY_FIRST_BYTE.get(firstByte(range)) ?? NONE;
}

const firstByte = ({ family, address }: Cidr): string =>
  `${family}/${address[0] ?? 0}`;

/** Why a snapshot of so many bans can't be what became of so many; or nothing. */
export function shrinksTooMuch(
  { remain }: Pick<Limits, "remain">,
  { from, to }: { readonly from: number; readonly to: number },
): string | undefined {
  if (from < LITTLE || to >= from * remain) return undefined;
  return `${to} bans would be left of ${from}`;
}

/** Nobody minds how a list of so few changes. */
const LITTLE = 20;

const NONE: readonly Cidr[] = [];

const BY_FIRST_BYTE: ReadonlyMap<string, readonly Cidr[]> = new Map(
  SENTINELS.map((each) => [
    firstByte(each),
    SENTINELS.filter((other) => firstByte(other) === firstByte(each)),
  ]),
);
