import type { DecisionLog } from "../decide/decision-log.js";
import { MOST_STEPS } from "../decide/undo-lineage.js";
import type { UndoLog } from "../decide/undo-log.js";
import type { BreakGlass } from "./break-glass.js";

interface JudgedImportsPorts {
  readonly decisionLog: Pick<DecisionLog, "decision">;
  readonly undoLog: Pick<UndoLog, "undoneBy">;
  readonly breakGlass: Pick<BreakGlass, "isThrough">;
}

/**
 * Whether what a decision bans was judged when a list brought it: it is an import
 * that nobody broke the glass for. One that undoes an undo brings back what that had
 * taken, so the import at their root counts; one that undoes an import brings back
 * whatever stood before, of which nothing is known.
 */
export function isJudgedImport(
  decision: string,
  { decisionLog, undoLog, breakGlass }: JudgedImportsPorts,
): boolean {
  let each = decision;
  for (let step = 0; step < MOST_STEPS; step++) {
    const isImport = decisionLog.decision(each)?.action === "import";
    if (!isImport || breakGlass.isThrough(each)) return false;
    const undoes = undoLog.undoneBy(each);
    if (undoes === undefined) return step % 2 === 0;
    each = undoes;
  }
  return false;
}
