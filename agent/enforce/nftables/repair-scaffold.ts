import type { Cidr } from "../../model/cidr.js";
import { addSet, addTable } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { Area } from "./disturbances.js";
import type { KernelTable, KernelRuleset } from "./kernel-table.js";
import { writeRules } from "./rules/rules.js";
import type { RuleFeatures } from "./rules/verdicts.js";
import { addLasting, clear, contentsOf, setsOfBans } from "./scaffold.js";
import { writeAllowed } from "./sets/allow.js";
import { writeElements, writeKey } from "./sets/elements.js";
import { writeLabel } from "./sets/label.js";
import { TABLE, labelSet } from "./sets/layout.js";

/** What is to be around the bans again: table, chains, rules, small sets, label. */
export interface ScaffoldRepair {
  readonly ruleset: KernelRuleset;
  readonly features: RuleFeatures;
  /** What wins over every ban; undefined to keep what the kernel has. */
  readonly allowed: readonly Cidr[] | undefined;
  /** Areas that were removed. */
  readonly areas: readonly Area[];
}

/**
 * Puts everything back that stands around the bans, which takes as long for ten
 * bans as for a million. False when the sets of bans themselves are
 * gone: then nothing was changed.
 * @throws NetlinkError when the kernel refused
 */
// nft: flush table inet tourniquet; delete chain inet tourniquet banned_in4;
//      add chain inet tourniquet banned_in4; add rule inet tourniquet banned_in4 drop
export function repairScaffold(
  table: KernelTable,
  repair: ScaffoldRepair,
): boolean {
  const { ruleset, features, allowed, areas } = repair;
  const { layout, label } = ruleset;
  const { generation } = layout;
  const contents = contentsOf(table);
  const bans = setsOfBans(layout).map(({ name }) => name);
  if (!bans.every((name) => contents.sets.includes(name))) return false;
  // The kernel takes no chain in the batch that switches a table on.
  table.commit("switch the table on", (w) => addTable(w, TABLE));
  table.commit("repair the ruleset", (w) => {
    clear(w, contents, layout);
    addSet(w, TABLE, labelSet(generation));
    addLasting(w);
    if (allowed) writeAllowed(w, allowed);
    writeAreas(
      w,
      areas.filter(({ set }) => bans.includes(set)),
    );
    writeRules(w, layout, { posture: label.posture, ...features });
    writeLabel(w, label, generation);
  });
  return true;
}

// nft: add element inet tourniquet area4_23to24_a { 198.51.100.0 }
function writeAreas(w: MessageWriter, areas: readonly Area[]): void {
  for (const set of new Set(areas.map((area) => area.set))) {
    const lost = areas.filter((area) => area.set === set);
    writeElements(w, { verb: "add", set }, lost, ({ address }) =>
      writeKey(w, address),
    );
  }
}
