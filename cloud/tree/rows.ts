import type { Database, Statement } from "../journal/database.js";
import type { DecisionRow } from "../journal/decisions.js";
import type { ObservationRow } from "../journal/observations.js";

/** Rows as they lie in the files, in another thread or process as well. */
export interface Rows {
  /** Behind a sequence number, at most `limit`. */
  decisionsAfter(seq: number, limit: number): readonly DecisionRow[];
  observationsAfter(seq: number, limit: number): readonly ObservationRow[];
  decision(seq: number): DecisionRow | undefined;
  observation(seq: number): ObservationRow | undefined;
}

export function rowsOf(decisions: Database, observations: Database): Rows {
  const decided: Statement<DecisionRow> = decisions.prepare(
    `SELECT seq, at, body, bytes, salt, commitment FROM decisions
     WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const observed: Statement<ObservationRow> = observations.prepare(
    `SELECT seq, at, agent, spool, number, body, salt, commitment
     FROM observations WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const exactly = <R extends { readonly seq: number }>(
    row: R | undefined,
    seq: number,
  ) => (row?.seq === seq ? row : undefined);
  return {
    decisionsAfter: (seq, limit) => decided.all(seq, limit),
    observationsAfter: (seq, limit) => observed.all(seq, limit),
    decision: (seq) => exactly(decided.get(seq - 1, 1), seq),
    observation: (seq) => exactly(observed.get(seq - 1, 1), seq),
  };
}
