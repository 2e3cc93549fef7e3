import type { UndoLog } from "./undo-log.js";

export type LineagePorts = Pick<UndoLog, "undoings" | "undoneBy">;

/**
 * Tells which decisions are somebody's word beside that of one that is undone:
 * neither those that were undone themselves, nor undos, which only bring back what
 * others decided. One that undoes an undo speaks for the decision it brings back.
 */
export class Lineage {
  readonly #log: LineagePorts;
  readonly #own: string;
  readonly #known = new Map<string, boolean>();

  /** @param own the decision that is undone */
  constructor(log: LineagePorts, own: string) {
    this.#log = log;
    this.#own = own;
  }

  isWord(decision: string): boolean {
    const known = this.#known.get(decision);
    if (known !== undefined) return known;
    const isWord = this.#speaks(decision);
    this.#known.set(decision, isWord);
    return isWord;
  }

  #speaks(decision: string): boolean {
    let each = decision;
    for (let step = 0; step < MOST_STEPS; step++) {
      const bringsBack = step % 2 === 0;
      if (bringsBack && isTakenBack(this.#log, each)) return false;
      const undoes = this.#log.undoneBy(each);
      if (undoes === undefined) return bringsBack && each !== this.#own;
      each = undoes;
    }
    return true;
  }
}

type Undoings = Pick<UndoLog, "undoings">;

/** Whether something undid a decision that was not undone itself. */
function isTakenBack(log: Undoings, decision: string, step = 0): boolean {
  if (step === MOST_STEPS) return false;
  return log
    .undoings(decision)
    .some(({ decision: by }) => by !== null && !isTakenBack(log, by, step + 1));
}

/** Whether nothing that a decision did stands by it, since it was undone. */
export const isUndone = (log: Undoings, decision: string): boolean =>
  log
    .undoings(decision)
    .some(
      ({ decision: by, counts }) =>
        counts["as-before"] === undefined &&
        (by === null || !isTakenBack(log, by)),
    );

/**
 * What a decision brings back that undoes an undo: the decision that this undid, and
 * what that one had brought back.
 */
export function broughtBack(
  log: Pick<UndoLog, "undoneBy">,
  decision: string,
): readonly string[] {
  const found: string[] = [];
  let each = log.undoneBy(decision);
  for (let step = 1; each !== undefined && step < MOST_STEPS; step++) {
    each = log.undoneBy(each);
    if (each !== undefined && step % 2 === 1) found.push(each);
  }
  return found;
}

/** Undos of undos of undos; nobody means more of them. */
export const MOST_STEPS = 32;
