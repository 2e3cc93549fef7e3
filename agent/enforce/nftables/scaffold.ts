import {
  addCounter,
  addSet,
  addTable,
  deleteChain,
  deleteCounter,
  deleteSet,
  deleteTable,
  flushRules,
  flushSet,
} from "../../netlink/nftables/messages.js";
import type { SetSpec } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { KernelTable } from "./kernel-table.js";
import { areaSets } from "./sets/areas.js";
import { counterNames } from "./sets/counters.js";
import { writeElements, writeKey } from "./sets/elements.js";
import {
  FAMILIES,
  KINDS,
  PROTOCOLS,
  TABLE,
  banSet,
  labelSet,
  lastingSets,
  type Layout,
} from "./sets/layout.js";

/** Adds what outlives generations where it is missing: sets and counters. */
// nft: add set inet tourniquet allow4 { type ipv4_addr; flags interval; };
//      add counter inet tourniquet dropped_in4
export function addLasting(w: MessageWriter): void {
  for (const set of lastingSets()) addSet(w, TABLE, set);
  for (const name of counterNames) addCounter(w, TABLE, name);
  for (const set of PROTOCOLS.keys()) writeProtocols(w, set);
}

/** Writes which protocols are in one of the sets that rules look at. */
// nft: flush set inet tourniquet counted;
//      add element inet tourniquet counted { icmp, tcp, udp, ipv6-icmp }
export function writeProtocols(w: MessageWriter, { name: set }: SetSpec): void {
  const [, protocols = []] =
    [...PROTOCOLS].find(([{ name }]) => name === set) ?? [];
  flushSet(w, TABLE, set);
  writeElements(w, { verb: "add", set }, protocols, (protocol) =>
    writeKey(w, Uint8Array.of(protocol)),
  );
}

/** What a table consists of beside its rules, by name. */
export interface Contents {
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  readonly counters: readonly string[];
}

export const contentsOf = (table: KernelTable): Contents => ({
  chains: table.chains(),
  sets: table.sets(),
  counters: table.counters(),
});

/**
 * Removes all chains, whoever made them, and the sets and counters that are not
 * of this layout: of another version, of the other generation, or somebody's. A
 * chain goes even where it has a name of ours, since it may be at another hook.
 * An anonymous set (`__set0`, of a rule such as `tcp dport { 22, 80 }`) cannot be
 * deleted by name: it goes with the rule that it was written in.
 */
// nft: flush table inet tourniquet; delete set inet tourniquet ban4_32_b;
//      delete chain inet tourniquet in4_6to32
export function clear(
  w: MessageWriter,
  { chains, sets, counters }: Contents,
  layout: Layout,
): void {
  const ours = new Set(
    [
      ...[...lastingSets(), labelSet(layout.generation)],
      ...setsOfBans(layout),
    ].map(({ name }) => name),
  );
  if (chains.length > 0) flushRules(w, TABLE);
  for (const set of sets) {
    if (!ours.has(set) && !set.startsWith("__")) deleteSet(w, TABLE, set);
  }
  for (const chain of chains) deleteChain(w, TABLE, chain);
  for (const name of counters) {
    if (!counterNames.includes(name)) deleteCounter(w, TABLE, name);
  }
}

/** Removes the table and all that is in it; harmless where there is none. */
// nft: delete table inet tourniquet
export function removeAll(table: KernelTable): void {
  table.commit("clean up", (w) => {
    addTable(w, TABLE); // so that there is something to delete
    deleteTable(w, TABLE);
  });
}

/** The sets that a layout's bans are in, and their areas. */
export const setsOfBans = ({
  generation,
  lengths,
}: Layout): readonly SetSpec[] => [
  ...areaSets(generation),
  ...FAMILIES.flatMap((family) =>
    KINDS.flatMap((kind) =>
      [...lengths[kind][family]].map((prefix) =>
        banSet({ kind, family, prefix }, generation),
      ),
    ),
  ),
];
