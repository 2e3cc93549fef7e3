import { bits, maskOf, type Cidr } from "../model/cidr.js";

/** Ranges whose sessions are looked for, or everybody. */
export type Suspect = readonly Cidr[] | "all";

/**
 * Tells whether an address is in any of some ranges, by one look-up for each
 * prefix length that there is, however many ranges there are.
 */
export class CidrSet {
  /** The ranges themselves; undefined for everybody. */
  readonly ranges: readonly Cidr[] | undefined;
  readonly #lengths: { readonly 4: Length[]; readonly 6: Length[] };

  constructor(suspect: Suspect) {
    this.ranges = suspect === "all" ? undefined : suspect;
    this.#lengths = { 4: [], 6: [] };
    for (const range of this.ranges ?? []) this.#add(range);
  }

  /** `address` is 4 or 16 bytes in network order. */
  has(address: Uint8Array): boolean {
    if (this.ranges === undefined) return true;
    const lengths = this.#lengths[address.length === 4 ? 4 : 6];
    return lengths.some(({ mask, keys }) => keys.has(keyOf(address, mask)));
  }

  #add({ family, prefix, address }: Cidr): void {
    const lengths = this.#lengths[family];
    let length = lengths.find((each) => each.prefix === prefix);
    if (length === undefined) {
      length = { prefix, mask: maskOf(family, prefix), keys: new Set() };
      lengths.push(length);
    }
    length.keys.add(keyOf(address, length.mask));
  }
}

/** Addresses, each by itself. */
export class AddressSet {
  readonly #keys = new Set<string | number>();

  constructor(addresses: Iterable<Uint8Array>) {
    for (const address of addresses) this.#keys.add(addressKey(address));
  }

  has(address: Uint8Array): boolean {
    return this.#keys.has(addressKey(address));
  }
}

/** What tells an address of 4 or 16 bytes from every other of its family. */
export function addressKey(address: Uint8Array): string | number {
  return keyOf(
    address,
    maskOf(address.length === 4 ? 4 : 6, bits(address.length === 4 ? 4 : 6)),
  );
}

interface Length {
  readonly prefix: number;
  readonly mask: Uint8Array;
  readonly keys: Set<string | number>;
}

/** A number for IPv4; for IPv6 a character for every two bytes. */
function keyOf(address: Uint8Array, mask: Uint8Array): string | number {
  const pair = (at: number) =>
    (((address[at] ?? 0) & (mask[at] ?? 0)) << 8) |
    ((address[at + 1] ?? 0) & (mask[at + 1] ?? 0));
  if (address.length === 4) return pair(0) * 65_536 + pair(2);
  return String.fromCharCode(
    ...[pair(0), pair(2), pair(4), pair(6)],
    ...[pair(8), pair(10), pair(12), pair(14)],
  );
}
