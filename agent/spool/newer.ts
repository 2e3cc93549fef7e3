import { existsSync, rmSync } from "node:fs";
import { companionsOf } from "../sqlite/file.js";
import { ForeignFile } from "../sqlite/database.js";
import { parseJson } from "../protocol/shapes.js";
import { SpoolDamage } from "./damage.js";
import { Spool } from "./spool.js";
import { SpooledItem } from "./spooled-item.js";

/**
 * Begins another spool where a later version left one that this one cannot read. It
 * has a name and numbers of its own, so that no number is ever given to two items;
 * what was never sent goes along, and what may have been sent counts as lost.
 * A spool that can be read stays as it is. `now` is in milliseconds since 1970.
 * @returns whether another was begun
 * @throws SpoolDamage
 */
export function replaceNewer(path: string, now: number): boolean {
  if (!existsSync(path) || !isNewer(path)) return false;
  const items = unsent(path);
  for (const each of [path, ...companionsOf(path)])
    rmSync(each, { force: true });
  using spool = Spool.open(path);
  const lost = { kind: "dropped", time: Math.floor(now), items: 1 } as const;
  spool.append([{ ...lost, reason: "spool-lost" }, ...items], now);
  return true;
}

function isNewer(path: string): boolean {
  try {
    using _ = Spool.open(path);
    return false;
  } catch (error) {
    if (error instanceof SpoolDamage) return error.kind === "from-the-future";
    throw error;
  }
}

/** Of another version's items those that this one could have written. */
function unsent(path: string): readonly SpooledItem[] {
  using file = ForeignFile.open(path);
  const rows = file?.rows(
    `SELECT item FROM items
     WHERE number > ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'sent'), 0)
     ORDER BY number LIMIT ${MOST_ITEMS}`,
  );
  return ((rows ?? []) as readonly { item: string }[]).flatMap(({ item }) => {
    try {
      return [parseJson(SpooledItem, item, "spooled item")];
    } catch {
      return [];
    }
  });
}

/** As many as a spool holds. */
const MOST_ITEMS = 50_000;
