import type { Cidr, Family } from "../../model/cidr.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import { addSet } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { UnixMs } from "../../runtime/clock.js";
import { writeChecks } from "./rules/rules.js";
import type { RuleFeatures } from "./rules/verdicts.js";
import {
  addBans,
  deleteBans,
  grouped,
  groupedPlaces,
  kindOf,
  remainingMs,
  type Placed,
} from "./sets/elements.js";
import { writeLabel, type RulesetLabel } from "./sets/label.js";
import {
  FAMILIES,
  KINDS,
  TABLE,
  banSet,
  noLengths,
  type Generation,
  type Kind,
  type Layout,
  type Lengths,
  type Share,
} from "./sets/layout.js";

/** A change as the kernel takes it: every range once a kind, and none expired. */
export interface Plan {
  readonly put: readonly Entry[];
  readonly remove: readonly Placed[];
  /** The layout after the change. */
  readonly layout: Layout;
  /** Prefix lengths that get their first set. */
  readonly added: Layout["lengths"];
  readonly now: UnixMs;
}

/** Plans a change: what has expired by now counts as removed. */
export function planOf(
  change: RulesetChange,
  { generation, lengths }: Layout,
  now: UnixMs,
): Plan {
  const latest = new Map(change.put.map((entry) => [placeOf(entry), entry]));
  const put = [...latest.values()].filter((e) => remainingMs(e, now) > 0);
  const kept = new Set(put.map(placeOf));
  const remove = new Map<string, Placed>();
  const gone = [...change.remove, ...change.put.map(({ cidr }) => cidr)];
  for (const cidr of gone) {
    for (const kind of KINDS) {
      if (!lengths[kind][cidr.family].has(cidr.prefix)) continue;
      const key = keyOf(kind, cidr);
      if (!kept.has(key)) remove.set(key, { kind, cidr });
    }
  }
  const added = newLengths(grouped(put), lengths);
  const layout = { generation, lengths: union(lengths, added) };
  return { put, remove: [...remove.values()], layout, added, now };
}

/** Writes the whole change, label included. */
// nft: delete element inet tourniquet ban4_32_a { 192.0.2.1 };
//      add element inet tourniquet ban4_32_a { 192.0.2.1 timeout 1h }
export function writeChange(
  w: MessageWriter,
  plan: Plan,
  label: RulesetLabel,
  features: RuleFeatures,
): void {
  const { put, remove, layout, added, now } = plan;
  const { generation } = layout;
  addBanSets(w, added, generation);
  for (const group of groupedPlaces(remove)) deleteBans(w, group, generation);
  for (const group of grouped(put)) {
    // Kernels before 6.12 renew no timeout, so what is there goes first.
    deleteBans(w, group, generation);
    addBans(w, group, generation, now);
  }
  if (hasAny(added)) writeChecks(w, layout, { ...label, ...features });
  writeLabel(w, label, generation);
}

/** Adds the sets of prefix lengths. */
// nft: add set inet tourniquet ban4_24_a { type ipv4_addr; flags timeout; }
export function addBanSets(
  w: MessageWriter,
  lengths: Layout["lengths"],
  generation: Generation,
): void {
  for (const kind of KINDS) {
    for (const family of FAMILIES) {
      for (const prefix of lengths[kind][family]) {
        addSet(w, TABLE, banSet({ kind, family, prefix }, generation));
      }
    }
  }
}

/** Prefix lengths that occur, but have no set yet. */
export function newLengths(
  shares: Iterable<Share>,
  known: Layout["lengths"],
): Record<Kind, Record<Family, Set<number>>> {
  const added = noLengths();
  for (const { kind, family, prefix } of shares) {
    if (!known[kind][family].has(prefix)) added[kind][family].add(prefix);
  }
  return added;
}

/** Both together. */
export function union(
  a: Layout["lengths"],
  b: Layout["lengths"],
): Layout["lengths"] {
  const both = (kind: Kind): Lengths => ({
    4: new Set([...a[kind][4], ...b[kind][4]]),
    6: new Set([...a[kind][6], ...b[kind][6]]),
  });
  return { ban: both("ban"), watch: both("watch") };
}

const hasAny = (lengths: Layout["lengths"]): boolean =>
  KINDS.some((kind) => FAMILIES.some((f) => lengths[kind][f].size > 0));

const placeOf = (entry: Entry): string => keyOf(kindOf(entry), entry.cidr);

function keyOf(kind: Kind, { address, prefix }: Cidr): string {
  return `${kind}${Buffer.from(address).toString("latin1")}/${prefix}`;
}
