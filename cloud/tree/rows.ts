import type { Database } from "../journal/database.js";
import type { DecisionRow } from "../journal/decisions.js";
import type { ObservationRow } from "../journal/observations.js";
import { decisionRows } from "../journal/sqlite-decisions.js";
import { observationRows } from "../journal/sqlite-observations.js";

/** Rows as they lie in the files, in another thread or process as well. */
export interface Rows {
  /** Behind a sequence number, at most `limit`. */
  decisionsAfter(seq: number, limit: number): readonly DecisionRow[];
  observationsAfter(seq: number, limit: number): readonly ObservationRow[];
  decision(seq: number): DecisionRow | undefined;
  observation(seq: number): ObservationRow | undefined;
}

export function rowsOf(decisions: Database, observations: Database): Rows {
  const decided = decisionRows(decisions);
  const observed = observationRows(observations);
  return {
    decisionsAfter: (...asked) => decided.after(...asked),
    observationsAfter: (...asked) => observed.after(...asked),
    decision: (seq) => decided.at(seq),
    observation: (seq) => observed.at(seq),
  };
}
