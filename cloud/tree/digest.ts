import { leafHash, rootOver } from "../../agent/protocol/merkle-tree.js";
import { committed, observationPayload } from "../journal/commitment.js";
import type { ObservationsDigested } from "../journal/decision-events.js";
import type { ObservationRow } from "../journal/observations.js";

/** What an observation's leaf in its batch commits to. */
export const observationCommitment = (row: ObservationRow): Uint8Array =>
  committed(row, observationPayload(row));

export const observationLeaf = (row: ObservationRow): Buffer =>
  leafHash(observationCommitment(row));

/** One root for observations one behind the other; undefined for none. */
export function digestOf(
  rows: readonly ObservationRow[],
): ObservationsDigested | undefined {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return {
    kind: "observed",
    first: first.seq,
    last: last.seq,
    count: rows.length,
    root: rootOver(rows.map(observationLeaf)).toString("hex"),
  };
}
