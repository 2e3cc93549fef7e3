/**
 * A little of long work, after which all else has its turn: whoever works yields
 * once it is over, and begins the next.
 */
export class Slice {
  #began = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#began >= A_SLICE_MS;
  }

  /** Yields where it is time for that. */
  *rest(): Generator<undefined, void> {
    if (!this.isOver) return;
    yield;
    this.#began = performance.now();
  }
}

const A_SLICE_MS = 5;
