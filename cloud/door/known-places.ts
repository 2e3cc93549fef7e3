import { placeOf } from "./networks.js";

/**
 * Where agents were welcomed from: whoever comes from there has a reserve at
 * the door that strangers cannot use up. The place that was not heard of for
 * longest is forgotten first.
 */
export class KnownPlaces {
  /** The newest last. */
  readonly #places = new Set<string>();

  /** Addresses that an earlier process welcomed agents from, the newest last. */
  constructor(addresses: Iterable<string> = []) {
    for (const address of addresses) this.remember(address);
  }

  get size(): number {
    return this.#places.size;
  }

  has(address: string): boolean {
    return this.#places.has(placeOf(address));
  }

  /** An agent has proved there who it is. */
  remember(address: string): void {
    const place = placeOf(address);
    this.#places.delete(place);
    this.#places.add(place);
    const [oldest] = this.#places;
    if (this.#places.size > MOST_PLACES && oldest !== undefined) {
      this.#places.delete(oldest);
    }
  }
}

/** Some megabytes; more places than one process has agents. */
export const MOST_PLACES = 32_768;
