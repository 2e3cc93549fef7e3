import { maskOf, overlaps, type Cidr } from "../../model/cidr.js";
import type { Lengths } from "./layout.js";

/** What decides whether packets of an address are dropped. */
export interface Question {
  /** The prefix lengths that have bans. */
  readonly lengths: Lengths;
  readonly allowed: readonly Cidr[];
  /** Which of these ranges have an entry that drops. */
  readonly holds: (ranges: readonly Cidr[]) => readonly boolean[];
}

/** Which of these addresses a ban of whatever length drops, asked all at once. */
export function dropsOf(
  addresses: readonly Cidr[],
  { lengths, allowed, holds }: Question,
): readonly boolean[] {
  const around = addresses.map((address) =>
    allowed.some((each) => overlaps(each, address))
      ? []
      : networksAround(address, lengths),
  );
  const held = holds(around.flat()).values();
  return around.map((ranges) =>
    ranges.map(() => held.next().value === true).includes(true),
  );
}

/** The networks of every length that has bans in which an address lies. */
function networksAround({ family, address }: Cidr, lengths: Lengths): Cidr[] {
  return Array.from(lengths[family], (prefix) => {
    const mask = maskOf(family, prefix);
    const network = address.map((byte, i) => byte & (mask[i] ?? 0));
    return { family, address: network, prefix };
  });
}
