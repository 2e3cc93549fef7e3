import type { Enforcer } from "../../../agent/enforce/enforcer.js";
import {
  parseCidr,
  type Cidr,
  type Family,
} from "../../../agent/model/cidr.js";
import { systemClock, unixSeconds } from "../../../agent/runtime/clock.js";
import { alone, median, quantile, type Row } from "../report.js";

/** One more range and one lift, each read back, with all loaded. */
export async function oneRangeMore(
  enforcer: Enforcer,
  name: string,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const family of [4, 6] as const) {
    const { bans, lifts } = await timed(enforcer, family);
    const what = `${name}, IPv${family}`;
    rows.push(row(`${what}, one more range`, bans));
    rows.push(row(`${what}, one lift`, lifts));
  }
  return rows;
}

const RANGES = 500;
const GOAL_MS = 5;

async function timed(enforcer: Enforcer, family: Family) {
  const kernel = await enforcer.read();
  let revision = kernel.at === "present" ? kernel.revision : 0;
  const expiresAt = unixSeconds(systemClock.now()) + 3_600;
  const bans: number[] = [];
  const lifts: number[] = [];
  for (let i = 0; i < RANGES; i++) {
    const cidr = fresh(family, i);
    const put = [{ cidr, expiresAt, observed: false }];
    bans.push(
      await milliseconds(() =>
        enforcer.apply({ revision: ++revision, put, remove: [] }),
      ),
    );
  }
  for (let i = 0; i < RANGES; i++) {
    const remove = [fresh(family, i)];
    lifts.push(
      await milliseconds(() =>
        enforcer.apply({ revision: ++revision, put: [], remove }),
      ),
    );
  }
  return { bans, lifts };
}

/** Ranges that no list holds: of RFC 2544's benchmarks, and of documentation. */
function fresh(family: Family, i: number): Cidr {
  return family === 4
    ? parseCidr(`198.${18 + (i >> 8)}.${i & 255}.0/24`)
    : parseCidr(`3fff:${(i & 1023).toString(16)}::/32`);
}

function row(what: string, times: readonly number[]): Row {
  const p99 = quantile(times, 0.99);
  return alone({
    what: `${what}, p99 (p50 ${median(times).toFixed(3)})`,
    unit: "ms",
    ours: p99,
    spread: p99 / median(times),
    goal: `≤ ${GOAL_MS} ms`,
    met: p99 <= GOAL_MS,
  });
}

async function milliseconds(task: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}
