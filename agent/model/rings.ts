import type { UnixSeconds } from "../runtime/clock.js";

/** Groups of hosts that come one after the other. */
export const rings = ["canary", "early", "broad", "all"] as const;
export type Ring = (typeof rings)[number];

/** The rule that holds a ban until its time for this host's ring has come. */
export const RING_WAITS = "ring";

/** From when on hosts of each ring enforce a ban; none before the one before it. */
export type RingTimes = Readonly<Record<Ring, UnixSeconds>>;
