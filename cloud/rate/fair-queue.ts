/** How many items a queue holds, of one owner and in all. */
export interface QueueBounds {
  readonly ofOne: number;
  readonly inAll: number;
}

/**
 * A queue that is fair (round robin) among owners: each item once, and who brings
 * much waits behind its own. As room gets scarce, each may hold no more than is left.
 */
export class FairQueue {
  readonly #bounds: QueueBounds;
  readonly #waiting = new Map<string, Set<string>>();
  #size = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#size;
  }

  /** Reports whether it waits now; there may be no room for more of the owner. */
  add(owner: string, item: string): boolean {
    const waiting = this.#waiting.get(owner) ?? new Set<string>();
    if (waiting.has(item)) return true;
    const { ofOne, inAll } = this.#bounds;
    const room = Math.min(ofOne, inAll - this.#size);
    if (waiting.size >= room) return false;
    waiting.add(item);
    this.#waiting.set(owner, waiting);
    this.#size += 1;
    return true;
  }

  /** It waits no longer. */
  remove(owner: string, item: string): void {
    const waiting = this.#waiting.get(owner);
    if (waiting?.delete(item) !== true) return;
    this.#size -= 1;
    if (waiting.size === 0) this.#waiting.delete(owner);
  }

  /** The oldest item of the next owner whose turn it is. */
  next(isReady: (owner: string) => boolean = always): string | undefined {
    for (const [owner, waiting] of this.#waiting) {
      if (!isReady(owner)) continue;
      const [item] = waiting;
      this.#waiting.delete(owner);
      if (item === undefined) continue;
      waiting.delete(item);
      this.#size -= 1;
      // Behind all others, for its next turn.
      if (waiting.size > 0) this.#waiting.set(owner, waiting);
      return item;
    }
    return undefined;
  }
}

const always = (): boolean => true;
