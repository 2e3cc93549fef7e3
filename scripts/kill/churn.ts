import { readFileSync } from "node:fs";
import { formatCidr } from "../../agent/model/cidr.js";
import { scattered } from "../bench/lists.js";

/** A list as it was, and how it changed, in steps small enough to push live. */
export interface Churn {
  readonly base: readonly string[];
  readonly steps: readonly Step[];
}

export interface Step {
  readonly add: readonly string[];
  readonly del: readonly string[];
}

/** The trace of a real list, or one that is made up where there is none. */
export function readChurn(path: string | undefined): Churn {
  if (path === undefined) return madeUp();
  const [first, ...days] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Partial<Step> & { base?: string[] });
  return {
    base: first?.base ?? [],
    steps: days.flatMap(({ add = [], del = [] }) => sliced({ add, del })),
  };
}

const RANGES_A_STEP = 100;

/** A day's changes in slices: additions and withdrawals side by side. */
function sliced({ add, del }: Step): readonly Step[] {
  const count = Math.ceil(Math.max(add.length, del.length) / RANGES_A_STEP);
  return Array.from({ length: count }, (_, i) => {
    const from = i * RANGES_A_STEP;
    const to = from + RANGES_A_STEP;
    return { add: add.slice(from, to), del: del.slice(from, to) };
  });
}

function madeUp(): Churn {
  const all = scattered(60_000).cidrs.map(formatCidr);
  const base = all.slice(0, 20_000);
  const later = all.slice(20_000);
  const steps = sliced({ add: later, del: all.slice(0, 40_000) });
  return { base, steps };
}
