/** How many items a queue holds, of one owner and in all. */
export interface QueueBounds {
  readonly ofOne: number;
  readonly inAll: number;
}

/** An item whose turn it is, and whose it was. */
export interface Taken {
  readonly owner: string;
  readonly item: string;
}

/**
 * A queue that is fair (round robin) among owners: each item once, and who brings
 * much waits behind its own. As room gets scarce, each may hold no more than is left.
 * Where items are charged for, whoever has cost more than others waits for them.
 */
export class FairQueue {
  readonly #bounds: QueueBounds;
  readonly #waiting = new Map<string, Set<string>>();
  #size = 0;
  /** What owners have cost, of those whom that has wait. */
  readonly #costs = new Map<string, number>();
  /** So much everybody may have cost: as much as whoever was served last. */
  #level = 0;

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
    return this.take(isReady)?.item;
  }

  /** As `next`, and says whose it was. */
  take(isReady: (owner: string) => boolean = always): Taken | undefined {
    const owner = this.#nextOwner(isReady);
    if (owner === undefined) return undefined;
    const waiting = this.#waiting.get(owner) ?? new Set<string>();
    this.#waiting.delete(owner);
    const [item = ""] = waiting;
    waiting.delete(item);
    this.#size -= 1;
    // Behind all others, for its next turn.
    if (waiting.size > 0) this.#waiting.set(owner, waiting);
    return { owner, item };
  }

  /** Has the owner stand behind until all who wait have cost as much, or are served. */
  charge(owner: string, cost: number): void {
    this.#costs.set(owner, this.#costOf(owner) + cost);
  }

  #nextOwner(isReady: (owner: string) => boolean): string | undefined {
    let least: string | undefined;
    let cost = Infinity;
    for (const owner of this.#waiting.keys()) {
      if (!isReady(owner)) continue;
      const its = this.#costOf(owner);
      if (its < cost) [least, cost] = [owner, its];
      if (cost <= this.#level) return least;
    }
    if (least !== undefined) this.#raise(cost);
    return least;
  }

  /** Nobody saves up by not waiting. */
  #raise(level: number): void {
    this.#level = level;
    for (const [owner, cost] of this.#costs) {
      if (cost <= level) this.#costs.delete(owner);
    }
  }

  #costOf(owner: string): number {
    return Math.max(this.#level, this.#costs.get(owner) ?? 0);
  }
}

const always = (): boolean => true;
