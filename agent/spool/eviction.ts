import type { SpooledItem } from "./spooled-item.js";

/**
 * What is evicted first when there is no room: the lowest, its oldest first. What
 * attackers can produce without end never evicts what says how this host is.
 */
export function evictionPriority(item: SpooledItem): number {
  switch (item.kind) {
    case "vitals":
      return -2;
    case "hits":
      return -1;
    case "contact":
      return 0;
    case "detection":
      return 1;
    case "inventory":
    case "health":
    case "statement":
      return 2;
    case "dropped":
      return NEVER_DROPPED;
  }
}

/** Whether others may have to act on it now: it does not wait for the next turn. */
export function isUrgent(item: SpooledItem): boolean {
  if (item.kind === "health") {
    return item.severity === "high" && item.state === "raised";
  }
  return URGENT.includes(item.kind);
}

const URGENT: readonly SpooledItem["kind"][] = [
  ...(["detection", "contact", "statement"] as const),
];

/** The word that items were dropped is itself never dropped, only added to. */
export const NEVER_DROPPED = 3;
