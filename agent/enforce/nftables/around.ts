import {
  deleteChain,
  deleteSet,
  flushRules,
  flushSet,
} from "../../netlink/nftables/messages.js";
import type { SetSpec } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import { writeElements, writeKey } from "./elements.js";
import { areaSets } from "./areas.js";
import {
  FAMILIES,
  KINDS,
  PORTED,
  PORTED_PROTOCOLS,
  TABLE,
  banSet,
  type Layout,
} from "./layout.js";

/** Writes which protocols have ports. */
export function writePorted(w: MessageWriter): void {
  const set = PORTED.name;
  flushSet(w, TABLE, set);
  writeElements(w, { verb: "add", set }, PORTED_PROTOCOLS, (protocol) =>
    writeKey(w, Uint8Array.of(protocol)),
  );
}

/**
 * Removes all chains, whoever made them, and sets that are not ours: a chain of
 * our name may be at another's hook. What sets have no name of their own goes
 * with its rule.
 */
export function clear(
  w: MessageWriter,
  chains: readonly string[],
  sets: readonly string[],
): void {
  if (chains.length > 0) flushRules(w, TABLE);
  for (const set of sets) if (!set.startsWith("__")) deleteSet(w, TABLE, set);
  for (const chain of chains) deleteChain(w, TABLE, chain);
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
