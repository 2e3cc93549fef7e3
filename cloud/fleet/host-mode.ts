import type { FeedName } from "../../agent/model/position.js";
import type { FeedTip } from "../feeds/feed-index.js";
import type { Stand } from "../receipts/receipts.js";

/**
 * What a host does with its bans, as far as it said so. `not-enforcing`: packets pass
 * that it is to drop. `safe-mode`: it drops what it did, and takes nothing new.
 */
export const hostModes = [
  ...(["enforce", "observe", "paused", "not-enforcing"] as const),
  ...(["safe-mode", "unknown"] as const),
] as const;
export type HostMode = (typeof hostModes)[number];

/**
 * The gravest of what is known. That it observes, its newest receipt says, which the
 * device signed; what its health says besides may come later, or never.
 * @param stands what it said last comes last
 * @param health codes of what is wrong with it
 */
export function hostMode(
  stands: readonly Stand[],
  health: ReadonlySet<string>,
): HostMode {
  if (NOT_ENFORCING.some((code) => health.has(code))) return "not-enforcing";
  const signed = stands.at(-1)?.mode;
  if (signed !== "enforce") {
    if (health.has("paused")) return "paused";
    if (signed === "observe" || health.has("observing")) return "observe";
  }
  if (health.has("safe-mode")) return "safe-mode";
  return signed ?? "unknown";
}

const NOT_ENFORCING = ["not-enforcing", "not-proven"] as const;

/**
 * How many bans and lifts of its feeds a host's receipts do not tell of yet; null for
 * one that never gave a receipt.
 */
export function behindBy(
  follows: readonly FeedName[],
  stands: readonly Stand[],
  tips: ReadonlyMap<FeedName, Pick<FeedTip, "epoch" | "offset">>,
): number | null {
  if (stands.length === 0) return null;
  return follows.reduce((sum, feed) => {
    const tip = tips.get(feed);
    if (tip === undefined) return sum;
    const stand = stands.find((each) => each.feed === feed);
    const isOfIt = stand?.epoch === tip.epoch;
    return sum + Math.max(0, tip.offset - (isOfIt ? stand.last : 0));
  }, 0);
}
