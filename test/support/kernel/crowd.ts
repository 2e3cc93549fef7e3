import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MOST_HITS,
  SIDES,
  hitsSet,
  type Side,
} from "../../../agent/enforce/nftables/sets/layout.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { sh } from "../../../scripts/lab/namespace.js";

/** Puts counts without packets into every side's set, as many as fit or as said. */
export async function crowd(count = MOST_HITS): Promise<void> {
  const file = join(tmpdir(), `tourniquet-crowd-${process.pid}.nft`);
  const lines = SIDES.flatMap((side) => elementsOf(side, count));
  writeFileSync(file, lines.join("\n"));
  if (count === MOST_HITS) await filled(file);
  else await sh(`nft -f ${file}`);
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

/**
 * What a set holds counts against its size until a flush of it is committed; and a
 * packet that comes right then takes a place again.
 */
async function filled(file: string): Promise<void> {
  const flushes = SIDES.map((side) => `flush set ${T} ${hitsSet(side).name}`);
  for (let tries = 1; ; tries++) {
    await sh(`nft '${flushes.join("; ")}'`);
    try {
      await sh(`nft -f ${file}`);
      return;
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      await systemClock.sleep(BETWEEN_MS);
    }
  }
}

/** Neighbours that a test has made up are asked after for some seconds. */
const MOST_TRIES = 10;
const BETWEEN_MS = 500;
