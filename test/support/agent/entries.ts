import { entriesIn, type Block } from "../../../agent/model/block.js";
import { compareCidrs, parseCidr } from "../../../agent/model/cidr.js";
import type { Entry } from "../../../agent/model/ruleset.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";

/** Entries for ranges in text that expire in `seconds`. */
export function lasting(seconds: number, ...ranges: string[]): Entry[] {
  const expiresAt = unixSeconds(Date.now()) + seconds;
  return ranges.map((range) => ({
    cidr: parseCidr(range),
    expiresAt,
    observed: false,
  }));
}

/** Entries for ranges in text that are merely observed, and expire in `seconds`. */
export function observed(seconds: number, ...ranges: string[]): Entry[] {
  return lasting(seconds, ...ranges).map((entry) => ({
    ...entry,
    observed: true,
  }));
}

/** Packs entries as the ledger does. */
export function packed(entries: readonly Entry[]): Block[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { cidr, observed } = entry;
    const key = `${cidr.family}/${cidr.prefix} ${observed}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map(({ cidr: { family, prefix }, observed }) => ({
      ...{ family, prefix, observed },
      addresses: Buffer.concat(group.map(({ cidr }) => cidr.address)),
      expiries: group.map(({ expiresAt }) => expiresAt),
    })),
  );
}

/** The entries of slices of blocks, by address and prefix, the enforced first. */
export const unpacked = (given: Iterable<readonly Block[]>): Entry[] =>
  [...given]
    .flat()
    .flatMap((block) => [...entriesIn(block)])
    .sort(
      (a, b) =>
        compareCidrs(a.cidr, b.cidr) || Number(a.observed) - Number(b.observed),
    );

/** Ranges as a rebuild takes them: in slices. */
// eslint-disable-next-line @typescript-eslint/require-await -- a stream by type
export async function* slices(
  ...given: (readonly Entry[])[]
): AsyncGenerator<readonly Block[], void> {
  yield* given.map(packed);
}
