import { VERDICT } from "../../../netlink/nftables/constants.js";
import { isIn, verdict } from "../../../netlink/nftables/expressions.js";
import { BANDS, areaSet, isInBand, type Band } from "../sets/areas.js";
import { banSet, type Layout } from "../sets/layout.js";
import {
  bandChain,
  bannedChain,
  watchedChain,
  type HookPath,
} from "./hooks.js";
import { network } from "./network.js";
import type { Rule } from "./verdicts.js";

/** What tells packets from or to banned addresses from all others. */
export interface LookUps {
  /** What stands in the chain that packets come to from the kernel. */
  readonly first: readonly Rule[];
  /** What follows where an address lies in an area of bans, by chain. */
  readonly further: ReadonlyMap<string, readonly Rule[]>;
}

/**
 * Is the remote address banned, by any prefix length? Every rule tells the
 * families apart for itself: it is cheaper than a chain for each, and `nft`
 * reads no rule back that does not.
 */
export function lookUps(station: HookPath, layout: Layout): LookUps {
  const lengths = longestFirst(layout.lengths.ban[station.family]);
  const outermost = { lengths, bands: [BANDS[station.family]] };
  return looks(station, layout, outermost);
}

/** Is the remote address observed, by any prefix length? */
export function watches(station: HookPath, layout: Layout): Rule[] {
  const { family } = station;
  const { generation, lengths } = layout;
  return longestFirst(lengths.watch[family]).map((prefix) => [
    ...network(station, prefix),
    isIn(banSet({ kind: "watch", family, prefix }, generation).name),
    verdict(VERDICT.GOTO, watchedChain(station)),
  ]);
}

/** Prefix lengths, longest first, and the bands that spare looks at them. */
interface Span {
  readonly lengths: readonly number[];
  readonly bands: readonly Band[];
}

function looks(
  station: HookPath,
  layout: Layout,
  { lengths, bands }: Span,
): LookUps {
  const first = lengths
    .filter((prefix) => !bands.some((band) => isInBand(band, prefix)))
    .map((prefix) => isBanned(station, layout, prefix));
  const further = new Map<string, readonly Rule[]>();
  for (const band of bands) {
    const within = looks(station, layout, {
      lengths: lengths.filter((prefix) => isInBand(band, prefix)),
      bands: band.within,
    });
    for (const [chain, rules] of within.further) further.set(chain, rules);
    // A look at the areas is worth it where it spares more than one other.
    if (within.first.length > 1) {
      first.push(isInArea(station, layout, band));
      further.set(bandChain(station, band), within.first);
    } else first.push(...within.first);
  }
  return { first, further };
}

function isBanned(
  station: HookPath,
  { generation }: Layout,
  prefix: number,
): Rule {
  const share = { kind: "ban", family: station.family, prefix } as const;
  return [
    ...network(station, prefix),
    isIn(banSet(share, generation).name),
    verdict(VERDICT.GOTO, bannedChain(station)),
  ];
}

function isInArea(station: HookPath, { generation }: Layout, band: Band): Rule {
  return [
    ...network(station, band.area),
    isIn(areaSet(band, generation).name),
    verdict(VERDICT.JUMP, bandChain(station, band)),
  ];
}

const longestFirst = (lengths: Iterable<number>): readonly number[] =>
  [...lengths].sort((a, b) => b - a);
