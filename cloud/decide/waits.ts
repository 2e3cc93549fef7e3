import type { RingTimes } from "../../agent/model/rings.js";
import { unixSeconds, type Clock } from "../../agent/runtime/clock.js";

/** Seconds that each ring of hosts but the first waits for the one before. */
export type Waits = readonly [early: number, broad: number, all: number];

/** The canary begins now. */
export function ringTimes(waits: Waits, clock: Pick<Clock, "now">): RingTimes {
  const canary = unixSeconds(clock.now());
  const early = canary + waits[0];
  const broad = early + waits[1];
  return { canary, early, broad, all: broad + waits[2] };
}
