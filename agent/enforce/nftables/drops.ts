import { maskOf, overlaps, type Cidr } from "../../model/cidr.js";
import type { KernelRuleset } from "./kernel-table.js";
import type { Lengths } from "./sets/layout.js";

/** What decides whether packets of an address are dropped. */
export interface Question {
  /** Says whether it drops at all, and which prefix lengths have bans. */
  readonly ruleset: KernelRuleset | undefined;
  readonly allowed: readonly Cidr[];
  /** Which of these ranges have an entry that drops. */
  readonly holds: (ranges: readonly Cidr[]) => readonly boolean[];
}

/** Which of these addresses a ban of whatever length drops, asked all at once. */
export function dropsOf(
  addresses: readonly Cidr[],
  { ruleset, allowed, holds }: Question,
): readonly boolean[] {
  if (ruleset?.label.posture.mode !== "enforce") {
    return addresses.map(() => false);
  }
  const lengths = ruleset.layout.lengths.ban;
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

/** Asks about some addresses at a time, so that others get their turn. */
export async function inParts(
  addresses: readonly Cidr[],
  ask: (some: readonly Cidr[]) => Promise<readonly boolean[]>,
): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  for (let at = 0; at < addresses.length; at += MOST_AT_ONCE) {
    answers.push(...(await ask(addresses.slice(at, at + MOST_AT_ONCE))));
  }
  return answers;
}

/** Each may be asked for in some twenty sets: a few milliseconds' work. */
const MOST_AT_ONCE = 32;

/** The networks of every length that has bans in which an address lies. */
function networksAround({ family, address }: Cidr, lengths: Lengths): Cidr[] {
  return Array.from(lengths[family], (prefix) => {
    const mask = maskOf(family, prefix);
    const network = address.map((byte, i) => byte & (mask[i] ?? 0));
    return { family, address: network, prefix };
  });
}
