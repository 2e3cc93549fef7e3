import * as v from "valibot";
import type { DecisionEntry } from "../../decide/decision-log.js";
import type { Undone } from "../../journal/undo-events.js";
import type { Caller } from "../../operators/caller.js";
import type { OperatorApiPorts } from "../ports.js";
import { nameSeen } from "../scope.js";
import { Time, Whole } from "../table/answer.js";

/** How many ranges became what. */
export const UndoCounts = v.object({
  ...{ lifted: Whole, restored: Whole, "as-before": Whole },
  ...{ changed: Whole, expired: Whole },
});

/** Those of no range as well. */
export const allCounts = (counts: Undone["counts"]) => ({
  ...{ lifted: 0, restored: 0, "as-before": 0, changed: 0, expired: 0 },
  ...counts,
});

/** That a decision was undone. */
export const UndoingTold = v.object({
  at: Time,
  /** By which decision; null: nothing of it was in force any more. */
  decision: v.nullable(v.string()),
  /** It was found wrong. */
  wrong: v.boolean(),
  /** Null for whom one need not know. */
  by: v.nullable(v.string()),
  reason: v.string(),
  counts: UndoCounts,
});

/** When a decision was undone, as the caller may see it. */
export const undoingsOf = (
  caller: Caller,
  { decision, feed }: DecisionEntry,
  { undoLog }: Pick<OperatorApiPorts, "undoLog">,
) =>
  undoLog.undoings(decision).map(({ by, counts, ...each }) => ({
    ...each,
    counts: allCounts(counts),
    by: nameSeen(caller, { by, feed }),
  }));
