/**
 * The slots in which something changed, the newest so many of them: whoever keeps
 * an order of slots learns here what to put right.
 */
export class Touched {
  readonly #ring = new Uint32Array(REMEMBERED);
  #count = 0;

  /** How often anything changed. */
  get count(): number {
    return this.#count;
  }

  add(slot: number): void {
    this.#ring[this.#count % REMEMBERED] = slot;
    this.#count += 1;
  }

  /** Slots since `count` was so, some of them more than once; undefined: too many. */
  since(count: number): readonly number[] | undefined {
    const more = this.#count - count;
    if (more > REMEMBERED) return undefined;
    return Array.from(
      { length: more },
      (_, nth) => this.#ring[(count + nth) % REMEMBERED] ?? 0,
    );
  }
}

/** Put right in some 30 ms; beyond that, sorting anew takes hardly longer. */
const REMEMBERED = 65_536;
