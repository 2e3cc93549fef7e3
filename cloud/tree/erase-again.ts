import type { Logger } from "../../agent/log/logger.js";
import { removeDatabase } from "../journal/database.js";
import type { Erased } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import type { Observations } from "../journal/observations.js";
import { observationCommitment } from "./digest.js";
import { commitmentsOf } from "./leaves.js";

export interface ErasePorts {
  readonly decisions: Pick<Decisions, "rowsAfter" | "empty">;
  readonly observations: Pick<Observations, "rowsAfter" | "empty">;
  /** Path of the observations' view, which nobody has open. */
  readonly observed: string;
  readonly log: Logger;
}

/**
 * Forgets again what an older copy of a file brought back, or what was cut off
 * left there: before anything is folded of it.
 * @throws NoRoom, and the next start tries again
 */
export async function eraseAgain(
  erasures: readonly Erased[],
  ports: ErasePorts,
): Promise<void> {
  const { decisions, observations, observed, log } = ports;
  const back: Erased[] = [];
  for (const each of erasures) {
    if (await isThere(each, ports)) back.push(each);
  }
  if (back.length === 0) return;
  const seen = back.filter(({ of }) => of === "observations");
  // The view before its rows: should that be cut off, they tell that it has to go.
  if (seen.length > 0) removeDatabase(observed);
  await observations.empty(seen.map(({ seq }) => seq));
  for (const each of back) {
    if (each.of === "decisions") await emptyDecision(decisions, each);
  }
  const seqs = back.map(({ seq }) => seq).slice(0, MOST_TOLD);
  const what = "what was erased was there again, and is erased again";
  log.warn(what, { count: back.length, seqs });
}

async function isThere(
  { of, seq, commitment }: Erased,
  { decisions, observations }: ErasePorts,
): Promise<boolean> {
  if (of === "decisions") {
    const [row] = await decisions.rowsAfter(seq - 1, 1);
    return row?.seq === seq && row.salt !== null;
  }
  const [row] = await observations.rowsAfter(seq - 1, 1);
  if (row?.seq !== seq || row.salt === null) return false;
  // Once a file was lost, its number may have been given to another.
  return Buffer.from(observationCommitment(row)).toString("hex") === commitment;
}

/** Of a segment all but its bytes stays: its place, and its hash. */
export const emptiedBy = ({ op }: Pick<Erased, "op">): "all" | "bytes" =>
  op === undefined ? "all" : "bytes";

async function emptyDecision(
  decisions: ErasePorts["decisions"],
  erased: Erased,
): Promise<void> {
  const { seq } = erased;
  const [row] = await decisions.rowsAfter(seq - 1, 1);
  if (row === undefined) return;
  const commitments = Buffer.concat([...commitmentsOf(row)]);
  await decisions.empty(seq, emptiedBy(erased), commitments);
}

/** Sequence numbers that one line of the log names. */
const MOST_TOLD = 20;
