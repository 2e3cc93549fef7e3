import { DEFAULT_UNAPPROVED } from "../../agent/config/widths.js";
import { counted } from "./words.js";

/** Bans that hosts with the usual settings will hold, with the rule. */
export interface Foreseen {
  readonly range: string;
  readonly rule: string;
}

/**
 * What whoever orders bans should know beforehand: which of them hosts with the
 * usual settings hold, why, and what helps.
 * @param counts by rule, should not all be named
 */
export function heldLines(
  foreseen: readonly Foreseen[],
  feed: string,
  counts: Readonly<Record<string, number>> = countsOf(foreseen),
): readonly string[] {
  return Object.entries(counts).map(([rule, count]) => {
    const named = foreseen.filter((each) => each.rule === rule);
    const ranges = named.slice(0, FEW).map(({ range }) => range);
    const more =
      count > ranges.length ? ` and ${count - ranges.length} more` : "";
    const it = count === 1 ? "this ban" : `these ${counted(count, "ban")}`;
    return `${ranges.join(", ")}${more}: hosts with default settings hold ${it}: ${whyHeld(rule, feed)}`;
  });
}

const FEW = 5;

function countsOf(foreseen: readonly Foreseen[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { rule } of foreseen) counts[rule] = (counts[rule] ?? 0) + 1;
  return counts;
}

function whyHeld(rule: string, feed: string): string {
  const why = WHY[rule];
  const advice =
    rule === "needs-approval"
      ? `; approve it: tourniquet-cloud approval draft --feed ${feed} --add RANGE --out FILE`
      : "";
  return `${rule}${why === undefined ? "" : ` (${why})`}${advice}`;
}

const { 4: WIDE_4, 6: WIDE_6 } = DEFAULT_UNAPPROVED;

/** The guard's rules that can be foreseen, in words. */
const WHY: Readonly<Record<string, string | undefined>> = {
  loopback: "a host speaks to itself there",
  "link-local": "only neighbours have such addresses",
  multicast: "a multicast or broadcast range",
  "private-range": "a private range; guard.private on the hosts decides",
  "public-resolver":
    "a resolver that everybody uses; guard.tiers.publicResolvers on the hosts decides",
  "cdn-edge":
    "very many sites share it; guard.tiers.cdnEdges on the hosts decides",
  sentinel: "a root server of the DNS, or a resolver that no list should hold",
  "ipv4-in-ipv6": "it is IPv4 on the wire: ban the IPv4 range",
  "too-wide":
    "wider than /12 (IPv6: /29), which no approval allows; guard.floor on the hosts decides",
  "needs-approval": `wider than /${WIDE_4} (IPv6: /${WIDE_6}), which wants the critical keys' approval`,
  "lives-too-long":
    "it lasts longer than 365d; --for 365d is the longest, unless guard.limits.life on the hosts or an approval allows more",
};
