import type { Undone } from "../../api-types.js";
import { counted } from "../../parts/bits.js";

type Counts = Undone["counts"];

const WORDS: Readonly<Record<keyof Counts, string>> = {
  lifted: "lifted",
  restored: "back to what stood before",
  "as-before": "had not changed by it",
  changed: "decided on since, and left",
  expired: "had run out",
};

/** "12 ranges lifted, 3 decided on since, and left." */
export function countsSaid(counts: Counts): string {
  const said = (Object.keys(WORDS) as (keyof Counts)[]).flatMap((effect) => {
    const ranges = counts[effect];
    return ranges === 0 ? [] : [`${counted(ranges, "range")} ${WORDS[effect]}`];
  });
  return said.length === 0 ? "" : `${said.join("; ")}.`;
}
