import type { Cidr } from "../../model/cidr.js";
import { addSet, addTable } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { Area } from "./disturbances.js";
import type { KernelTable, KernelRuleset } from "./kernel-table.js";
import { writeRules } from "./rules/rules.js";
import type { Means } from "./rules/verdicts.js";
import { addLasting, clear, contentsOf, setsOfBans } from "./scaffold.js";
import { writeAllowed } from "./sets/allow.js";
import { writeElements, writeKey } from "./sets/elements.js";
import { writeLabel } from "./sets/label.js";
import { TABLE, labelSet } from "./sets/layout.js";

/** What is to stand around the bans again. */
export interface ScaffoldRepair {
  readonly standing: KernelRuleset;
  readonly means: Means;
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
export function repairScaffold(
  table: KernelTable,
  mending: ScaffoldRepair,
): boolean {
  const { standing, means, allowed, areas } = mending;
  const { layout, plate } = standing;
  const { generation } = layout;
  const contents = contentsOf(table);
  const bans = setsOfBans(layout).map(({ name }) => name);
  if (!bans.every((name) => contents.sets.includes(name))) return false;
  // The kernel takes no chain in the batch that switches a table on.
  table.commit("switch the table on", (w) => addTable(w, TABLE));
  table.commit("mend the ruleset", (w) => {
    clear(w, contents, layout);
    addSet(w, TABLE, labelSet(generation));
    addLasting(w);
    if (allowed) writeAllowed(w, allowed);
    writeAreas(
      w,
      areas.filter(({ set }) => bans.includes(set)),
    );
    writeRules(w, layout, { posture: plate.posture, ...means });
    writeLabel(w, plate, generation);
  });
  return true;
}

function writeAreas(w: MessageWriter, areas: readonly Area[]): void {
  for (const set of new Set(areas.map((area) => area.set))) {
    const lost = areas.filter((area) => area.set === set);
    writeElements(w, { verb: "add", set }, lost, ({ address }) =>
      writeKey(w, address),
    );
  }
}
