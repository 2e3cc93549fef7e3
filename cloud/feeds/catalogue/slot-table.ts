/**
 * Where slots are found by what is in them: a hash table of twelve bytes a slot and
 * more. Hashes are kept, so that it grows without looking at what is hashed.
 */
export class SlotTable {
  /** Slots plus one, each at its hash or behind it; 0: nothing. */
  #places = new Uint32Array(FIRST);
  #hashes = new Uint32Array(FIRST);
  #count = 0;

  find(hash: number, isMeant: (slot: number) => boolean): number | undefined {
    const places = this.#places;
    const last = places.length - 1;
    for (let at = hash & last; ; at = (at + 1) & last) {
      const slot = (places[at] ?? 0) - 1;
      if (slot < 0) return undefined;
      if (this.#hashes[slot] === hash && isMeant(slot)) return slot;
    }
  }

  add(slot: number, hash: number): void {
    if (slot >= this.#hashes.length) {
      const hashes = new Uint32Array(slot * 2);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
    }
    this.#hashes[slot] = hash;
    this.#count += 1;
    if (this.#count * 2 > this.#places.length) this.#grow();
    this.#put(slot + 1);
  }

  /** It has to be there. */
  remove(slot: number): void {
    const places = this.#places;
    const last = places.length - 1;
    let hole = this.#wanted(slot + 1);
    while (places[hole] !== slot + 1) hole = (hole + 1) & last;
    // Whoever stands behind moves up, unless that is before its own place.
    for (let at = (hole + 1) & last; ; at = (at + 1) & last) {
      const other = places[at] ?? 0;
      if (other === 0) break;
      const wanted = this.#wanted(other);
      if (((at - wanted) & last) < ((at - hole) & last)) continue;
      places[hole] = other;
      hole = at;
    }
    places[hole] = 0;
    this.#count -= 1;
  }

  #wanted(entry: number): number {
    return (this.#hashes[entry - 1] ?? 0) & (this.#places.length - 1);
  }

  #put(entry: number): void {
    const places = this.#places;
    const last = places.length - 1;
    let at = this.#wanted(entry);
    while (places[at] !== 0) at = (at + 1) & last;
    places[at] = entry;
  }

  #grow(): void {
    const former = this.#places;
    this.#places = new Uint32Array(former.length * 2);
    for (const entry of former) if (entry !== 0) this.#put(entry);
  }
}

const FIRST = 1_024;
