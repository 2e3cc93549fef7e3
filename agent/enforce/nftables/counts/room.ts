import type { KernelTable } from "../kernel-table.js";
import { writeElements, writeKey } from "../sets/elements.js";
import { MOST_HITS, hitsSet } from "../sets/layout.js";
import { isCrowded, recordsIn, type Hits, type Reading } from "./hits.js";

/**
 * Forgets the counts with the fewest packets of each side that is crowded, so
 * that half of it is free: who floods it with many remotes of few packets each
 * keeps neither those out who go on attacking, nor those who come new.
 */
// nft: delete element inet tourniquet
//      remotes_in4 { 192.0.2.1 . tcp . local . 0x00000000 }
// @throws NetlinkError
export function makeRoom(table: KernelTable, { readings }: Hits): void {
  for (const reading of readings.filter(isCrowded)) {
    const set = hitsSet(reading.side).name;
    const keys = weakest(reading);
    for (let at = 0; at < keys.length; at += MOST_FORGOTTEN) {
      const some = keys.slice(at, at + MOST_FORGOTTEN);
      table.commit("forget counts", (w) =>
        writeElements(w, { verb: "delete", set }, some, (key) =>
          writeKey(w, key),
        ),
      );
    }
  }
}

/** Those that are too many for half of the set; none of them is about to end. */
function weakest({ side, count, chunks }: Reading): readonly Buffer[] {
  const packets = new Float64Array(count);
  let i = 0;
  for (const chunk of chunks)
    for (const record of recordsIn(side, chunk)) packets[i++] = record.packets;
  const most = count - MOST_HITS / 2;
  const bound = packets.sort()[most - 1] ?? 0;
  const keys: Buffer[] = [];
  for (const chunk of chunks) {
    for (const { key, packets, leftMs } of recordsIn(side, chunk)) {
      if (packets > bound || leftMs < SOON_MS || keys.length >= most) continue;
      keys.push(key);
    }
  }
  return keys;
}

/** Its end would come between the reading and the deletion, which then fails. */
const SOON_MS = 60_000;

/** A batch has to fit the socket's buffer. */
const MOST_FORGOTTEN = 3_000;
