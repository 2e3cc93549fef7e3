import type { FeedName } from "../../agent/model/position.js";

/** What became of the ranges of a decision that was undone, each counted once. */
export const undoEffects = [
  ...(["lifted", "restored", "as-before", "changed", "expired"] as const),
] as const;

/**
 * - `lifted`: nothing bans it in this feed any more.
 * - `restored`: what stood before is in force again.
 * - `as-before`: the decision had changed nothing of it.
 * - `changed`: somebody decided on it since, and that stays.
 * - `expired`: it had run out, or what could come back has.
 */
export type UndoEffect = (typeof undoEffects)[number];

/** What a decision had put into force was taken back, or it was found wrong. */
export interface Undone {
  readonly kind: "undone";
  /** The decision that was undone. */
  readonly undoes: string;
  /** By which that was; absent: nothing of it was in force any more. */
  readonly decision?: string;
  readonly feed: FeedName;
  /** It should never have been made: whose word it was counts less. */
  readonly wrong: boolean;
  /** An operator's name, or "rule:" and a rule's. */
  readonly by: string;
  readonly reason: string;
  /** Those of no range are left out. */
  readonly counts: Partial<Readonly<Record<UndoEffect, number>>>;
}
