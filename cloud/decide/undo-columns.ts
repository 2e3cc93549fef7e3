import type { Ban } from "../../agent/model/ban.js";

/** How a range is banned: until when, and the number of how; or not at all: 0. */
export interface Terms {
  readonly end: number;
  readonly manner: number;
}

export const LIFTED: Terms = { end: 0, manner: 0 };

/** A place, an end and a manner of each range, in as few bytes as these take. */
export class Columns {
  readonly #places = new Numbers((length) => new Float64Array(length));
  readonly #ends = new Numbers((length) => new Float64Array(length));
  readonly #manners = new Numbers((length) => new Int32Array(length));

  put(index: number, place: number, { end, manner }: Terms): void {
    this.#places.put(index, place);
    this.#ends.put(index, end);
    this.#manners.put(index, manner);
  }

  placeOf(index: number): number {
    return this.#places.at(index);
  }

  endOf(index: number): number {
    return this.#ends.at(index);
  }

  mannerOf(index: number): number {
    return this.#manners.at(index);
  }
}

type Packed = Float64Array | Int32Array | Uint8Array;

/** Numbers by index, 0 where none was put. */
export class Numbers {
  readonly #make: (length: number) => Packed;
  #packed: Packed;

  constructor(make: (length: number) => Packed) {
    this.#make = make;
    this.#packed = make(FIRST);
  }

  at(index: number): number {
    return this.#packed[index] ?? 0;
  }

  put(index: number, value: number): void {
    if (index >= this.#packed.length) this.#grow(index + 1);
    this.#packed[index] = value;
  }

  /** By half: most of it is used. */
  #grow(least: number): void {
    const length = Math.max(least, Math.ceil(this.#packed.length * 1.5));
    const grown = this.#make(length);
    grown.set(this.#packed);
    this.#packed = grown;
  }
}

const FIRST = 16;

type Manner = Omit<Ban, "cidr" | "expiresAt">;

/** Few are different, however many bans there are. */
export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  nameOf(number: number): string {
    return this.#names[number] ?? "";
  }
}

export class Manners {
  readonly #texts = new Names();
  readonly #manners: Manner[] = [];

  numberOf(manner: Manner): number {
    const index = this.#texts.numberOf(JSON.stringify(manner));
    this.#manners[index] ??= manner;
    return index + 1;
  }

  mannerOf(number: number): Manner {
    return this.#manners[number - 1] ?? { reason: "", observed: false };
  }
}
