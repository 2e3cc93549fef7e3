import type { DecisionEntry } from "../decide/decision-log.js";
import type { Agent } from "../registry/registry.js";
import type { Newest } from "./hearing.js";
import type { Absence } from "./host-outcome.js";

/** Of a host that answered. */
export const THERE = { missing: null, missingSince: null } as const;

/** Why there is no answer of a host that was to carry something out. */
export function missingSince({
  decision: { decidedAt, first },
  agent: { enrolledAt },
  cameAt,
  connected,
  offlineSince,
  newest,
}: {
  readonly decision: DecisionEntry;
  readonly agent: Agent;
  readonly cameAt: number;
  readonly connected: boolean;
  readonly offlineSince: number | null;
  readonly newest: Newest | undefined;
}): { readonly missing: Absence; readonly missingSince: number } {
  const asked = Math.max(decidedAt, cameAt);
  if (!connected) {
    return { missing: "offline", missingSince: offlineSince ?? enrolledAt };
  }
  const isShort = newest !== undefined && newest.last + 1 < (first ?? 0);
  return isShort
    ? { missing: "behind", missingSince: newest.at }
    : { missing: "silent", missingSince: asked };
}
