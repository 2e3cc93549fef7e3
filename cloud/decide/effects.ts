import type { Ban } from "../../agent/model/ban.js";
import type { FeedName } from "../../agent/model/position.js";
import type { RingTimes } from "../../agent/model/rings.js";
import { isWaitedFor } from "../../agent/protocol/ring-times.js";

/** What stood on a range before an order. Times are Unix seconds. */
export interface Before {
  readonly until: number;
  readonly observed: boolean;
  readonly decision: string;
}

/**
 * What an order to ban does to one range.
 * - `new`, `extended`: as ordered. `enforced`: it was only observed before.
 * - `shortened`, `weakened`: less than before, as the order asked for.
 * - `unchanged`: what stands already is as good.
 * - `would-shorten`, `would-weaken`: not done, since nobody asked for less.
 * - `unchecked`: done, though nobody could say what stood there before.
 */
export const banEffects = [
  ...(["new", "extended", "enforced", "shortened", "weakened"] as const),
  ...(["unchecked", "unchanged", "would-shorten", "would-weaken"] as const),
] as const;
export type BanEffect = (typeof banEffects)[number];

/** Whether it takes an op to have the effect. */
export const isDone = (effect: BanEffect): boolean =>
  effect !== "unchanged" && !effect.startsWith("would-");

/** What an order to ban did, or would do, to one range. */
export interface RangeBanned {
  readonly range: string;
  readonly effect: BanEffect;
  /** Until when the range is banned now. */
  readonly until: number;
  readonly observed: boolean;
  /** When hosts begin with it; null: all of them at once, or they have. */
  readonly rings: RingTimes | null;
  readonly before: Before | null;
  /** The rule by which hosts with usual settings hold it. */
  readonly held: string | null;
}

/** What an order to lift did, or would do, to one range. */
export interface RangeLifted {
  readonly range: string;
  /** How many bans on it and, where that was asked for, in it: by feed. */
  readonly lifted: Readonly<Record<string, number>>;
  /** What still bans it, in whichever feed; the widest first. */
  readonly stillBy: readonly StillBanned[];
  /** Bans in it that stay; `MOST_INSIDE` stands for as many or more. */
  readonly inside: number;
  /** Nobody could say what stood there; it was lifted all the same. */
  readonly unchecked: boolean;
}

export interface StillBanned {
  readonly feed: FeedName;
  readonly range: string;
  readonly until: number;
  readonly observed: boolean;
  readonly decision: string;
}

/** Enough to know that it is many. */
export const MOST_INSIDE = 1_000;

/** How an order's words meet what stands. */
export interface Wanted {
  /** Unix seconds. */
  readonly until: number;
  /** Seconds that the order names; Infinity for ever. */
  readonly lasts: number;
  readonly observed: boolean;
  /** Less than before is meant. */
  readonly replace: boolean;
  /** Hosts begin ring by ring. */
  readonly rings?: RingTimes | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** What banning a range as wanted comes to, after what stands on it. */
export function banEffect(
  before: Pick<Ban, "expiresAt" | "observed" | "rings"> | undefined,
  wanted: Wanted,
): BanEffect {
  if (before === undefined) return "new";
  const { observed, replace, rings, now } = wanted;
  const waited = isWaitedFor(before.rings, now);
  const less = replace ? "weakened" : "would-weaken";
  // To wait for its turn where all hosts have the ban already is less.
  if (rings !== undefined && !waited) return less;
  if (before.observed !== observed) return observed ? less : "enforced";
  const effect = termEffect(before, wanted);
  // As long as before, and on all hosts at once instead of ring by ring.
  const isSooner = waited && rings === undefined;
  return isSooner && effect === "unchanged" ? "extended" : effect;
}

function termEffect(
  before: Pick<Ban, "expiresAt">,
  { until, lasts, replace }: Wanted,
): BanEffect {
  const gained = until - before.expiresAt;
  if (gained >= 0) return gained > tolerance(lasts) ? "extended" : "unchanged";
  if (replace) return "shortened";
  return -gained > tolerance(lasts) ? "would-shorten" : "unchanged";
}

/**
 * Who orders the same again a moment later has not asked for more: a hundredth
 * of the term, and never more than ten minutes.
 */
const tolerance = (lasts: number): number => Math.min(600, lasts / 100);
