import { formatCidr, overlaps, widened, type Cidr } from "./cidr.js";

/** Ranges that others are looked for in, however many there are of both. */
export class CidrIndex {
  readonly #ranges = new Set<string>();
  readonly #prefixes = new Set<number>();

  constructor(readonly all: readonly Cidr[]) {
    for (const cidr of all) {
      this.#ranges.add(formatCidr(cidr));
      this.#prefixes.add(cidr.prefix);
    }
  }

  /** Whether one of them is the range, or is around it. */
  covers(cidr: Cidr): boolean {
    return [...this.#prefixes].some(
      (prefix) =>
        prefix <= cidr.prefix &&
        this.#ranges.has(formatCidr(widened(cidr, prefix))),
    );
  }

  /** Whether they have an address in common with the range. */
  touches(cidr: Cidr): boolean {
    return this.covers(cidr) || this.all.some((each) => overlaps(each, cidr));
  }
}

export const NO_RANGES = new CidrIndex([]);

/** What is left of a range without others: few and small ones leave few pieces. */
export function without(range: Cidr, others: readonly Cidr[]): readonly Cidr[] {
  const inside = others.filter((other) => overlaps(range, other));
  if (inside.length === 0) return [range];
  if (inside.some((other) => other.prefix <= range.prefix)) return [];
  return halvesOf(range).flatMap((half) => without(half, inside));
}

function halvesOf({ family, address, prefix }: Cidr): readonly [Cidr, Cidr] {
  const bit = 0x80 >> (prefix % 8);
  const at = Math.floor(prefix / 8);
  const upper = address.map((byte, i) => (i === at ? byte | bit : byte));
  const half = { family, prefix: prefix + 1 };
  return [
    { ...half, address },
    { ...half, address: upper },
  ];
}
