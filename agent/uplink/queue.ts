/** First in, first out, whatever the length: no item is moved for another. */
export class Queue<T> {
  #coming: T[] = [];
  /** The next to go stands last. */
  #going: T[] = [];

  push(item: T): void {
    this.#coming.push(item);
  }

  shift(): T | undefined {
    if (this.#going.length === 0) {
      this.#going = this.#coming.reverse();
      this.#coming = [];
    }
    return this.#going.pop();
  }

  clear(): void {
    this.#coming = [];
    this.#going = [];
  }
}
