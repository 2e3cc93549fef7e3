/**
 * A map in the order in which its keys were last set, that finds the oldest in
 * constant time. A plain Map keeps the places of deleted keys for a while, and
 * every look at its front steps over all of them.
 */
export class RecentMap<Value> {
  readonly #values = new Map<string, Value>();
  #walk = this.#values.keys();
  /** The key that the walk has come to, as long as it is the oldest. */
  #front: string | undefined;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Sets the value; the key is the newest now. */
  set(key: string, value: Value): void {
    this.delete(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (key === this.#front) this.#front = undefined;
    this.#values.delete(key);
  }

  /** The key that was set the longest ago. */
  oldest(): string | undefined {
    if (this.#front !== undefined || this.size === 0) return this.#front;
    let next = this.#walk.next();
    if (next.done === true) {
      this.#walk = this.#values.keys();
      next = this.#walk.next();
    }
    this.#front = next.value;
    return this.#front;
  }

  /** Lets go of the oldest until there are at most `most`. */
  bound(most: number): void {
    while (this.size > most) this.delete(this.oldest() ?? "");
  }
}
