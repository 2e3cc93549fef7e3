/** Chance that comes out the same each time for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, and without, 1 (mulberry32). */
  part(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.part() * (most - least + 1));
  }

  happens(part: number): boolean {
    return this.part() < part;
  }

  /** @throws when there is nothing to choose from */
  oneOf<T>(all: readonly T[]): T {
    const found = all[Math.floor(this.part() * all.length)];
    if (found === undefined) throw new RangeError("nothing to choose from");
    return found;
  }

  /** So many different ones, or all there are. */
  someOf<T>(all: readonly T[], count: number): readonly T[] {
    const left = [...all];
    const found: T[] = [];
    while (found.length < count && left.length > 0) {
      const at = Math.floor(this.part() * left.length);
      found.push(...left.splice(at, 1));
    }
    return found;
  }
}
