import type { Entry } from "../../model/ruleset.js";
import type { UnixMs } from "../../runtime/clock.js";
import {
  isFound,
  type KernelTable,
  type KernelRuleset,
} from "./kernel-table.js";
import { kindOf, remainingMs, type Placed } from "./sets/elements.js";
import { askForLabel } from "./sets/label.js";

/** What to look for: entries that must be there, and places that must be empty. */
export interface Changed {
  readonly put: readonly Entry[];
  readonly remove: readonly Placed[];
}

/** Whether the kernel has this label. */
export function isLabelled(
  table: KernelTable,
  { layout, label }: KernelRuleset,
): boolean {
  return table
    .ask("read the label back", (w) => askForLabel(w, label, layout.generation))
    .every(isFound);
}

/** Whether the kernel has the label, and is as wanted in some of the places. */
export function isHeld(
  table: KernelTable,
  ruleset: KernelRuleset,
  { put, remove }: Changed,
  now: UnixMs,
): boolean {
  if (!isLabelled(table, ruleset)) return false;
  const soon = now + TOO_SHORT_TO_CONFIRM_MS;
  const lasting = put.filter((entry) => remainingMs(entry, soon) > 0);
  const there = sampleOf(lasting).map((entry): Placed => {
    return { kind: kindOf(entry), cidr: entry.cidr };
  });
  const gone = sampleOf(remove);
  const held = table.holds([...there, ...gone], ruleset.layout);
  return held.every((holds, i) => holds === i < there.length);
}

/** At most 32 of the items, spread evenly. */
function sampleOf<T>(items: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.ceil(items.length / MOST_CONFIRMED));
  return items.filter((_, i) => i % step === 0);
}

/** Enough to see that a batch is in; more would cost as much as the batch. */
const MOST_CONFIRMED = 32;

/** A ban may expire between the batch and the look at it. */
const TOO_SHORT_TO_CONFIRM_MS = 1_000;
