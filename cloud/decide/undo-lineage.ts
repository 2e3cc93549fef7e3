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
      if (bringsBack && this.#isTakenBack(each)) return false;
      const undoes = this.#log.undoneBy(each);
      if (undoes === undefined) return bringsBack && each !== this.#own;
      each = undoes;
    }
    return true;
  }

  /** Whether something undid it that was not undone itself. */
  #isTakenBack(decision: string, step = 0): boolean {
    if (step === MOST_STEPS) return false;
    return this.#log
      .undoings(decision)
      .some(
        ({ decision: by }) => by !== null && !this.#isTakenBack(by, step + 1),
      );
  }
}

/** Undos of undos of undos; nobody means more of them. */
export const MOST_STEPS = 32;
