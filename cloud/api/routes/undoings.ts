import * as v from "valibot";
import type { DecisionEntry } from "../../decide/decision-log.js";
import { undoEffects } from "../../journal/undo-events.js";
import type { Caller } from "../../operators/caller.js";
import type { OperatorApiPorts } from "../ports.js";
import { nameSeen } from "../scope.js";
import { Time, Whole } from "../table/answer.js";

/** How many ranges became what; those of none are left out. */
export const UndoCounts = v.record(v.picklist(undoEffects), v.optional(Whole));

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
  undoLog.undoings(decision).map(({ by, ...each }) => ({
    ...each,
    by: nameSeen(caller, { by, feed }),
  }));
