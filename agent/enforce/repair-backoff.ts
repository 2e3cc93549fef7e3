/**
 * Exponential backoff between repairs, by how often others change our ruleset. The
 * first repairs are made at once; against a tool that never stops, repairing ever
 * faster would only burn processor time on both sides, so the waits grow.
 */
export type RepairBackoff =
  | { readonly at: "calm" }
  | {
      readonly at: "disturbed" | "contested";
      /** Repairs since it was calm, the one that is due included. */
      readonly repairs: number;
      /** How long the last repair had to wait. */
      readonly waitMs: number;
      /** When the last repair was due, by the clock that never jumps. */
      readonly dueAt: number;
    };

export type BackoffEvent =
  /** Something is to be repaired, and no repair waits yet. */
  | { readonly kind: "disturbed"; readonly now: number }
  | { readonly kind: "time passed"; readonly now: number };

/** When to give way, and for how long. */
export interface Pace {
  /** Repairs that are made at once until it is calm again. */
  readonly atOnce: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** It is calm when nothing was disturbed for so long after a repair. */
  readonly calmAfterMs: number;
}

export const PACE: Pace = {
  atOnce: 8,
  firstWaitMs: 1_000,
  longestWaitMs: 60_000,
  calmAfterMs: 120_000,
};

export const CALM: RepairBackoff = { at: "calm" };

export function next(
  backoff: RepairBackoff,
  { kind, now }: BackoffEvent,
  pace: Pace = PACE,
): RepairBackoff {
  const over = backoff.at !== "calm" && now - backoff.dueAt >= pace.calmAfterMs;
  const settled = over ? CALM : backoff;
  if (kind === "time passed") return settled;
  const repairs = settled.at === "calm" ? 1 : settled.repairs + 1;
  const beyond = repairs - pace.atOnce;
  if (beyond <= 0) return { at: "disturbed", repairs, waitMs: 0, dueAt: now };
  const waitMs = Math.min(
    pace.firstWaitMs * 2 ** (beyond - 1),
    pace.longestWaitMs,
  );
  return { at: "contested", repairs, waitMs, dueAt: now + waitMs };
}
