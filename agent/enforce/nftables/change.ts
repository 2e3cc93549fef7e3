import type { Cidr } from "../../model/cidr.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import { addSet } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { Label } from "../enforcer.js";
import { addBans, deleteBans, grouped, remainingMs } from "./elements.js";
import { writeLabel } from "./label.js";
import {
  FAMILIES,
  TABLE,
  banSet,
  type Generation,
  type Layout,
  type Lengths,
} from "./layout.js";
import { writeChecks } from "./rules.js";

/** A change as the kernel takes it: every range once, and none expired. */
export interface Plan {
  readonly put: readonly Entry[];
  readonly remove: readonly Cidr[];
  /** The layout after the change. */
  readonly layout: Layout;
  /** Prefix lengths that get their first set. */
  readonly added: Lengths;
  readonly now: number;
}

/** Plans a change: what has expired by now counts as removed. */
export function planOf(
  change: RulesetChange,
  { generation, lengths }: Layout,
  now: number,
): Plan {
  const latest = new Map(change.put.map((entry) => [keyOf(entry.cidr), entry]));
  const put = [...latest.values()].filter((e) => remainingMs(e, now) > 0);
  const kept = new Set(put.map(({ cidr }) => keyOf(cidr)));
  const gone = [...change.remove, ...change.put.map(({ cidr }) => cidr)];
  const remove = new Map(
    gone
      .filter(({ family, prefix }) => lengths[family].has(prefix))
      .map((cidr) => [keyOf(cidr), cidr]),
  );
  for (const key of kept) remove.delete(key);
  const added = newLengths(put, lengths);
  const layout = { generation, lengths: union(lengths, added) };
  return { put, remove: [...remove.values()], layout, added, now };
}

/** Writes the whole change, label included. */
export function writeChange(w: MessageWriter, plan: Plan, label: Label): void {
  const { put, remove, layout, added, now } = plan;
  const { generation } = layout;
  addBanSets(w, added, generation);
  for (const group of grouped(remove, (cidr) => cidr)) {
    deleteBans(w, group, generation);
  }
  for (const group of grouped(put, (entry) => entry.cidr)) {
    // Kernels before 6.12 renew no timeout, so what is there goes first.
    const members = group.members.map(({ cidr }) => cidr);
    deleteBans(w, { ...group, members }, generation);
    addBans(w, group, generation, now);
  }
  if (FAMILIES.some((f) => added[f].size > 0)) writeChecks(w, layout);
  writeLabel(w, label, generation);
}

/** Adds the sets of prefix lengths. */
export function addBanSets(
  w: MessageWriter,
  lengths: Lengths,
  generation: Generation,
): void {
  for (const family of FAMILIES) {
    for (const prefix of lengths[family]) {
      addSet(w, TABLE, banSet(family, prefix, generation));
    }
  }
}

/** Prefix lengths that occur, but have no set yet. */
export function newLengths(
  entries: readonly Entry[],
  known: Lengths,
): Record<4 | 6, Set<number>> {
  const added = { 4: new Set<number>(), 6: new Set<number>() };
  for (const { cidr } of entries) {
    const { family, prefix } = cidr;
    if (!known[family].has(prefix)) added[family].add(prefix);
  }
  return added;
}

/** Both together. */
export function union(a: Lengths, b: Lengths): Lengths {
  return { 4: new Set([...a[4], ...b[4]]), 6: new Set([...a[6], ...b[6]]) };
}

function keyOf({ address, prefix }: Cidr): string {
  return `${Buffer.from(address).toString("latin1")}/${prefix}`;
}
