import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MOST_HITS,
  SIDES,
  hitsSet,
  type Side,
} from "../../agent/enforce/nftables/layout.js";
import { sh } from "../../scripts/lab/namespace.js";

/** Puts counts without packets into every side's set, as many as fit or as said. */
export async function crowd(count = MOST_HITS): Promise<void> {
  const file = join(tmpdir(), `tourniquet-crowd-${process.pid}.nft`);
  const lines = SIDES.flatMap((side) => [
    ...(count === MOST_HITS ? [`flush set ${T} ${hitsSet(side).name}`] : []),
    ...elementsOf(side, count),
  ]);
  writeFileSync(file, lines.join("\n"));
  await sh(`nft -f ${file}`);
  rmSync(file);
}

function elementsOf(side: Side, count: number): readonly string[] {
  const { family, direction } = side;
  const way = direction === "in" ? "local" : "lo";
  const keys = Array.from({ length: count }, (_, i) => {
    const remote =
      family === 4
        ? `172.16.${i >> 8}.${i & 255}`
        : `fd00:0:0:${i.toString(16)}::`;
    return `${remote} . tcp . ${way} . 0`;
  });
  return Array.from(
    { length: Math.ceil(count / 256) },
    (_, i) =>
      `add element ${T} ${hitsSet(side).name} { ${keys.slice(i * 256, i * 256 + 256).join()} }`,
  );
}

const T = "inet tourniquet";
