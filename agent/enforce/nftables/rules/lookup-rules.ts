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
export function lookUps(path: HookPath, layout: Layout): LookUps {
  const lengths = longestFirst(layout.lengths.ban[path.family]);
  const outermost = { lengths, bands: [BANDS[path.family]] };
  return looks(path, layout, outermost);
}

/** Is the remote address observed, by any prefix length? */
// nft: ip saddr @watch4_32_a goto watched_in4
export function watches(path: HookPath, layout: Layout): Rule[] {
  const { family } = path;
  const { generation, lengths } = layout;
  return longestFirst(lengths.watch[family]).map((prefix) => [
    ...network(path, prefix),
    isIn(banSet({ kind: "watch", family, prefix }, generation).name),
    verdict(VERDICT.GOTO, watchedChain(path)),
  ]);
}

/** Prefix lengths, longest first, and the bands that spare looks at them. */
interface Span {
  readonly lengths: readonly number[];
  readonly bands: readonly Band[];
}

function looks(
  path: HookPath,
  layout: Layout,
  { lengths, bands }: Span,
): LookUps {
  const first = lengths
    .filter((prefix) => !bands.some((band) => isInBand(band, prefix)))
    .map((prefix) => isBanned(path, layout, prefix));
  const further = new Map<string, readonly Rule[]>();
  for (const band of bands) {
    const within = looks(path, layout, {
      lengths: lengths.filter((prefix) => isInBand(band, prefix)),
      bands: band.within,
    });
    for (const [chain, rules] of within.further) further.set(chain, rules);
    // A look at the areas is worth it where it spares more than one other.
    if (within.first.length > 1) {
      first.push(isInArea(path, layout, band));
      further.set(bandChain(path, band), within.first);
    } else first.push(...within.first);
  }
  return { first, further };
}

// nft: ip saddr & 255.255.255.0 == @ban4_24_a goto banned_in4
function isBanned(
  path: HookPath,
  { generation }: Layout,
  prefix: number,
): Rule {
  const share = { kind: "ban", family: path.family, prefix } as const;
  return [
    ...network(path, prefix),
    isIn(banSet(share, generation).name),
    verdict(VERDICT.GOTO, bannedChain(path)),
  ];
}

// nft: ip saddr & 255.255.0.0 == @area4_6to32_a jump in4_6to32
function isInArea(path: HookPath, { generation }: Layout, band: Band): Rule {
  return [
    ...network(path, band.area),
    isIn(areaSet(band, generation).name),
    verdict(VERDICT.JUMP, bandChain(path, band)),
  ];
}

const longestFirst = (lengths: Iterable<number>): readonly number[] =>
  [...lengths].sort((a, b) => b - a);
